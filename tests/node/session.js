// What users of node-redis do, as tests for one protocol. Replies differ in shape between RESP2
// and RESP3 only where node-redis says so.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createClient, ErrorReply } from 'redis';
import { Server } from './server.js';

/** Defines the tests with clients that speak RESP `RESP`. */
export function defineSession(RESP) {
  describe(`node-redis, RESP${RESP}`, () => {
    let server;
    let client;

    before(async () => {
      server = await Server.start();
      client = await connect(server, { RESP });
    });
    beforeEach(() => client.flushAll());
    after(async () => {
      await client?.close();
      await server?.stop();
    });

    test('strings', async () => {
      assert.equal(await client.ping(), 'PONG');
      assert.equal(await client.set('a', '1'), 'OK');
      assert.equal(await client.get('a'), '1');
      assert.equal(await client.get('missing'), null);
      assert.equal(await client.set('a', '2', { condition: 'NX' }), null);
      assert.equal(await client.set('a', '3', { condition: 'XX', GET: true }), '1');
      assert.equal(await client.incrBy('n', 41), 41);
      assert.equal(await client.incr('n'), 42);
      assert.equal(await client.incrByFloat('f', 0.5), '0.5');
      assert.equal(await client.append('a', '4'), 2);
      assert.equal(await client.strLen('a'), 2);
      assert.equal(await client.getDel('a'), '34');
      assert.equal(await client.mSet({ x: '1', y: '2' }), 'OK');
      assert.deepEqual(await client.mGet(['x', 'nothing', 'y']), ['1', null, '2']);
    });

    test('binary and big values', async () => {
      const value = 'x\r\n\0é'.repeat(200_000);
      await client.set('big', value);
      assert.equal(await client.get('big'), value);
      assert.equal(await client.strLen('big'), Buffer.byteLength(value));
    });

    test('times to live', async () => {
      await client.set('a', '1', { expiration: { type: 'EX', value: 100 } });
      assert.ok((await client.ttl('a')) > 90);
      assert.equal(await client.persist('a'), 1);
      assert.equal(await client.ttl('a'), -1);
      assert.equal(await client.expire('a', 200, 'NX'), 1);
      assert.equal(await client.expire('a', 100, 'GT'), 0);
      assert.equal(await client.pExpireAt('a', 4102444800123), 1);
      assert.equal(await client.pExpireTime('a'), 4102444800123);
      assert.equal(await client.getEx('a', { type: 'PERSIST' }), '1');
      assert.equal(await client.ttl('missing'), -2);
    });

    test('keys', async () => {
      await client.mSet(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, `${i}`])));
      assert.equal(await client.dbSize(), 500);
      const found = new Set();
      for await (const keys of client.scanIterator({ MATCH: 'k*', COUNT: 37 })) {
        keys.forEach((key) => found.add(key));
      }
      assert.equal(found.size, 500);
      assert.deepEqual((await client.keys('k1?')).length, 10);
      assert.equal(await client.type('k1'), 'string');
      assert.equal(await client.rename('k1', 'new'), 'OK');
      assert.equal(await client.copy('new', 'copied'), 1);
      assert.equal(await client.exists(['new', 'copied', 'k1']), 2);
      assert.equal(await client.del(['new', 'copied']), 2);
      assert.equal(await client.unlink('k2'), 1);
      assert.equal(await client.objectEncoding('k3'), 'int');
      assert.ok((await client.memoryUsage('k3')) > 10);
      assert.ok((await client.randomKey()).startsWith('k'));
    });

    test('automatic pipelines', async () => {
      const replies = await Promise.all(
        Array.from({ length: 5000 }, (_, i) => (i % 2 ? client.get('n') : client.incr('n'))),
      );
      assert.deepEqual(
        replies.filter((_, i) => i % 2 === 0),
        Array.from({ length: 2500 }, (_, i) => i + 1),
      );
      assert.equal(replies.at(-1), '2500');
    });

    test('errors are thrown, and the connection goes on', async () => {
      await client.set('text', 'x');
      await assert.rejects(client.incr('text'), (error) => {
        assert.ok(error instanceof ErrorReply);
        assert.equal(error.message, 'ERR value is not an integer or out of range');
        return true;
      });
      await assert.rejects(client.sendCommand(['NOPE']), /unknown command 'NOPE'/);
      assert.equal(await client.get('text'), 'x');
    });

    test('the server about itself', async () => {
      const info = await client.info('server');
      assert.match(String(info), new RegExp(`tcp_port:${server.port}\\r\\n`));
      assert.deepEqual({ ...(await client.configGet('maxclients')) }, { maxclients: '10000' });
      assert.equal(await client.configSet('timeout', '0'), 'OK');
      assert.ok((await client.commandCount()) > 50);
      assert.ok((await client.commandList()).includes('get'));
      const [get] = await client.commandInfo(['get']);
      assert.equal(get.name, 'get');
      assert.equal(get.arity, 2);
      assert.ok([...get.flags].includes('readonly'));
      assert.deepEqual(await client.commandGetKeys(['MSET', 'a', '1', 'b', '2']), ['a', 'b']);
    });

    test('the client about itself', async () => {
      assert.equal(await client.clientSetName('me'), 'OK');
      assert.equal(await client.clientGetName(), 'me');
      const mine = await client.clientInfo();
      assert.equal(mine.id, await client.clientId());
      assert.equal(mine.name, 'me');
      assert.equal(mine.resp, RESP);
      const other = await connect(server, { RESP, name: 'other' });
      const names = (await client.clientList()).map((line) => line.name);
      assert.ok(names.includes('me') && names.includes('other'));
      await other.close();
    });

    test('databases', async () => {
      const one = await connect(server, { RESP, database: 1 });
      await client.set('a', 'zero');
      await one.set('a', 'one');
      assert.equal(await one.get('a'), 'one');
      assert.equal(await client.swapDb(0, 1), 'OK');
      assert.equal(await client.get('a'), 'one');
      await one.close();
    });

    test('channels and patterns', async () => {
      const listener = await connect(server, { RESP });
      const heard = [];
      await listener.subscribe(['news', 'sport'], (message, channel) => heard.push([channel, message]));
      await listener.pSubscribe('n*', (message, channel) => heard.push(['n*', channel, message]));
      assert.deepEqual((await client.pubSubChannels()).sort(), ['news', 'sport']);
      assert.equal(await client.pubSubNumPat(), 1);
      assert.deepEqual({ ...(await client.pubSubNumSub(['news', 'nobody'])) }, { news: 1, nobody: 0 });
      assert.equal(await client.publish('news', 'hello'), 2);
      assert.equal(await client.publish('sport', 'x'.repeat(100_000)), 1);
      await until(() => heard.length === 3);
      assert.deepEqual(heard, [
        ['news', 'hello'],
        ['n*', 'news', 'hello'],
        ['sport', 'x'.repeat(100_000)],
      ]);
      if (RESP === 3) assert.equal(await listener.get('nothing'), null);
      await listener.unsubscribe(['news', 'sport']);
      await listener.pUnsubscribe('n*');
      assert.equal(await client.publish('news', 'late'), 0);
      assert.equal(await listener.get('nothing'), null);
      await listener.close();
    });

    test('shard channels', async () => {
      const listener = await connect(server, { RESP });
      const heard = [];
      await listener.sSubscribe('orders', (message) => heard.push(message));
      assert.deepEqual(await client.pubSubShardChannels(), ['orders']);
      assert.equal(await client.sPublish('orders', 'one'), 1);
      await until(() => heard.length === 1);
      await listener.sUnsubscribe('orders');
      assert.equal(await client.sPublish('orders', 'two'), 0);
      assert.deepEqual(heard, ['one']);
      await listener.close();
    });

    test('events of keys', async () => {
      const listener = await connect(server, { RESP });
      const heard = [];
      await client.configSet('notify-keyspace-events', 'Eg$x');
      await listener.pSubscribe('__keyevent@0__:*', (key, channel) => heard.push(`${channel} ${key}`));
      await client.set('k', 'v', { expiration: { type: 'PX', value: 20 } });
      await until(() => heard.length === 3);
      assert.deepEqual(heard, ['set', 'expire', 'expired'].map((name) => `__keyevent@0__:${name} k`));
      await client.configSet('notify-keyspace-events', '');
      await listener.close();
    });

    test('a listener subscribes again when its connection is made anew', async () => {
      const listener = await connect(server, { RESP });
      const heard = [];
      await listener.subscribe('news', (message) => heard.push(message));
      const again = new Promise((ready) => listener.once('ready', ready));
      assert.equal(await client.clientKill({ filter: 'TYPE', type: 'pubsub' }), 1);
      await again;
      assert.equal(await client.publish('news', 'hello'), 1);
      await until(() => heard.length === 1);
      await listener.close();
    });

    test('a connection that was killed is made anew', async () => {
      const victim = await connect(server, { RESP });
      const again = new Promise((ready) => victim.once('ready', ready));
      const id = await victim.clientId();
      assert.equal(await client.clientKill({ filter: 'ID', id }), 1);
      await again;
      assert.equal(await victim.ping(), 'PONG');
      assert.notEqual(await victim.clientId(), id);
      await victim.close();
    });

    test('many connections at once', async () => {
      const many = await Promise.all(Array.from({ length: 100 }, () => connect(server, { RESP })));
      const replies = await Promise.all(many.map((one, i) => one.echo(`${i}`)));
      assert.deepEqual(replies, many.map((_, i) => `${i}`));
      await Promise.all(many.map((one) => one.close()));
    });
  });

  test(`node-redis, RESP${RESP}: a password`, async () => {
    const server = await Server.start('--requirepass', 'secret');
    try {
      const inside = await connect(server, { RESP, password: 'secret' });
      assert.equal(await inside.set('a', '1'), 'OK');
      await inside.close();
      await assert.rejects(connect(server, { RESP, password: 'wrong' }, false), /WRONGPASS/);
    } finally {
      await server.stop();
    }
  });
}

/** Resolves when the condition has become true. */
async function until(condition) {
  const deadline = Date.now() + 30_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `waited in vain for ${condition}`);
    await new Promise((done) => setTimeout(done, 2));
  }
}

/** A connected client; errors of a connection that is lost on purpose are no failure. */
async function connect(server, options, reconnectStrategy = () => 10) {
  const socket = { host: '127.0.0.1', port: server.port, reconnectStrategy };
  const client = createClient({ ...options, socket });
  client.on('error', () => {});
  try {
    return await client.connect();
  } catch (error) {
    if (client.isOpen) client.destroy();
    throw error;
  }
}
