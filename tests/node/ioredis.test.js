// What users of ioredis do: commands, pipelines, transactions, channels.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { Server } from './server.js';

describe('ioredis', () => {
  let server;
  let redis;

  before(async () => {
    server = await Server.start();
    redis = connect(server);
  });
  beforeEach(() => redis.flushall());
  after(async () => {
    await redis?.quit();
    await server?.stop();
  });

  test('strings and keys', async () => {
    assert.equal(await redis.ping(), 'PONG');
    assert.equal(await redis.set('a', '1', 'EX', 100), 'OK');
    assert.equal(await redis.get('a'), '1');
    assert.deepEqual(await redis.getBuffer('a'), Buffer.from('1'));
    assert.equal(await redis.set('a', '2', 'NX'), null);
    assert.equal(await redis.incrby('n', 41), 41);
    assert.equal(await redis.mset({ x: '1', y: '2' }), 'OK');
    assert.deepEqual(await redis.mget('x', 'nothing', 'y'), ['1', null, '2']);
    assert.ok((await redis.ttl('a')) > 90);
    assert.equal(await redis.del('x', 'y'), 2);
    await assert.rejects(redis.incr('text', 'x'), /wrong number of arguments/);
  });

  test('a stream of keys', async () => {
    await redis.mset(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, `${i}`])));
    const found = new Set();
    for await (const keys of redis.scanStream({ match: 'k*', count: 37 })) {
      keys.forEach((key) => found.add(key));
    }
    assert.equal(found.size, 500);
  });

  test('a pipeline', async () => {
    const replies = await redis.pipeline().set('a', '1').incr('a').get('a').call('nosuch').exec();
    assert.deepEqual(replies.slice(0, 3), [[null, 'OK'], [null, 2], [null, '2']]);
    assert.match(replies[3][0].message, /unknown command/);
  });

  test('a transaction', async () => {
    const other = connect(server);
    assert.deepEqual(await redis.multi().set('a', '1').incr('a').exec(), [[null, 'OK'], [null, 2]]);
    await redis.watch('a');
    await other.set('a', 'changed');
    assert.equal(await redis.multi().set('a', 'mine').exec(), null);
    assert.equal(await redis.get('a'), 'changed');
    await other.quit();
  });

  test('channels and patterns', async () => {
    const listener = connect(server);
    const heard = [];
    listener.on('message', (channel, message) => heard.push([channel, message]));
    listener.on('pmessage', (pattern, channel, message) => heard.push([pattern, channel, message]));
    assert.equal(await listener.subscribe('news', 'sport'), 2);
    assert.equal(await listener.psubscribe('n*'), 3);
    assert.deepEqual((await redis.pubsub('CHANNELS')).sort(), ['news', 'sport']);
    assert.deepEqual(await redis.pubsub('NUMSUB', 'news'), ['news', 1]);
    assert.equal(await redis.publish('news', 'hello'), 2);
    await until(() => heard.length === 2);
    assert.deepEqual(heard, [
      ['news', 'hello'],
      ['n*', 'news', 'hello'],
    ]);
    assert.equal(await listener.ping(), 'PONG');
    assert.equal(await listener.unsubscribe('news', 'sport'), 1);
    assert.equal(await listener.punsubscribe('n*'), 0);
    assert.equal(await listener.get('nothing'), null);
    await listener.quit();
  });

  test('bytes as messages', async () => {
    const listener = connect(server);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const heard = new Promise((done) => {
      listener.once('messageBuffer', (channel, message) => done(message));
    });
    await listener.subscribe('bytes');
    assert.equal(await redis.publish('bytes', bytes), 1);
    assert.deepEqual(await heard, bytes);
    await listener.quit();
  });

  test('a listener subscribes again when its connection is made anew', async () => {
    const listener = connect(server);
    const heard = [];
    listener.on('message', (channel, message) => heard.push(message));
    await listener.subscribe('news');
    assert.equal(await redis.client('KILL', 'TYPE', 'pubsub'), 1);
    await until(async () => (await redis.pubsub('NUMSUB', 'news'))[1] === 1);
    assert.equal(await redis.publish('news', 'hello'), 1);
    await until(() => heard.length === 1);
    await listener.quit();
  });

  test('events of keys', async () => {
    const listener = connect(server);
    const heard = [];
    listener.on('pmessage', (pattern, channel, key) => heard.push(`${channel} ${key}`));
    await redis.config('SET', 'notify-keyspace-events', 'KEA');
    await listener.psubscribe('__keyevent@*');
    await redis.set('k', 'v');
    await redis.expire('k', 100);
    await redis.del('k');
    await until(() => heard.length === 3);
    assert.deepEqual(heard, ['set', 'expire', 'del'].map((name) => `__keyevent@0__:${name} k`));
    await redis.config('SET', 'notify-keyspace-events', '');
    await listener.quit();
  });
});

/** A client; errors of a connection that is lost on purpose are no failure. */
function connect(server) {
  const client = new Redis(server.port, '127.0.0.1', { retryStrategy: () => 10 });
  client.on('error', () => {});
  return client;
}

async function until(condition) {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `waited in vain for ${condition}`);
    await new Promise((done) => setTimeout(done, 2));
  }
}
