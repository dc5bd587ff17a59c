/* Clients on socket pairs, with a loop, a dispatcher and made-up commands: for the tests of this
 * room. The clock stands where the test puts it.
 *
 * Commands: ping; echo TEXT; add TEXT (to a note of what ran); len BYTES; blob BYTES (its length if
 * the last argument came as a blob of its own, else -1); big N (a reply of N bytes); many N (an
 * array of N, whose length is told at the end); die (closes its own client); hear MS (waits for the
 * bell, for so long, or for ever if 0), ring; nest N (calls `amid`, then makes N nested turns); and CLIENT. */
#ifndef CLIENT_TESTING_H
#define CLIENT_TESTING_H

#include "base/buf.h"
#include "base/clock.h"
#include "client/client_priv.h"
#include "dispatch/block.h"

#define CLIENT_WORLD_PEERS 8
#define CLIENT_WORLD_NOW_MS ((int64_t)1700000000000)

struct client_world {
    uint64_t now_ns; /* since the start */
    struct clock_source clock;
    struct loop *loop;
    struct journal *journal;
    struct keyspace *ks;
    struct dispatch *dispatch;
    struct clients *clients;
    struct stream_io *io;
    struct block_queue bell;
    struct buf ran; /* what "add" was told */
    void (*amid)(struct client_world *w);
    int peers[CLIENT_WORLD_PEERS];
    int peer_count;
    struct buf got[CLIENT_WORLD_PEERS]; /* bytes that came to the peer */
    bool ended[CLIENT_WORLD_PEERS];     /* it saw the connection's end */
    struct buf shown;
};

/* NULL if the kernel does not have what `kind` needs. */
struct client_world *client_world_new(enum stream_kind kind);
struct client_world *client_world_free(struct client_world *w); /* returns NULL */

/* A new connection; its number. */
int client_world_connect(struct client_world *w);
/* The server's side of it. */
struct client *client_world_client(struct client_world *w, int peer);
void client_world_hang_up(struct client_world *w, int peer);

/* Peer -> server; in pieces as the socket takes them. */
void client_world_send(struct client_world *w, int peer, struct slice bytes);
void client_world_say(struct client_world *w, int peer, const char *text);
/* Turns until nothing happens any more; what came to the peers is collected. */
void client_world_settle(struct client_world *w);
/* One turn without wait, peers read nothing. */
void client_world_turn(struct client_world *w);
void client_world_pass(struct client_world *w, int64_t ms);
/* What the peer got since the last call, with spaces for line ends; "(end)" if it saw the end. */
const char *client_world_got(struct client_world *w, int peer);

void client_world_config(struct client_world *w, const char *name, const char *value);

/* A test's body for each kind of stream, in a world of its own. */
#define CLIENT_WORLD_KINDS 3
extern const enum stream_kind client_world_kinds[CLIENT_WORLD_KINDS];
#define EACH_KIND(w)                                                                     \
    for (size_t w##_kind = 0; w##_kind < CLIENT_WORLD_KINDS; w##_kind++)                 \
        for (struct client_world *w = client_world_new(client_world_kinds[w##_kind]); w; \
             w = client_world_free(w))

#endif
