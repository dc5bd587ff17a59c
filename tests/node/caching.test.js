// Client-side caching and MONITOR, as users of node-redis and ioredis have them.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { BasicClientSideCache, BasicPooledClientSideCache, createClient, createClientPool } from 'redis';
import { Server } from './server.js';

const PATIENCE_MS = 30_000;

describe('client-side caching, MONITOR', () => {
  let server;
  let writer;

  before(async () => {
    server = await Server.start();
    writer = await createClient({ url: url() }).connect();
  });
  beforeEach(() => writer.flushAll());
  after(async () => {
    await writer?.close();
    await server?.stop();
  });

  const url = () => `redis://127.0.0.1:${server.port}`;

  /** Resolves when `condition` does to something true. */
  async function until(what, condition) {
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await condition())) {
      assert.ok(Date.now() < deadline, `waited in vain for: ${what}`);
      await new Promise((done) => setTimeout(done, 2));
    }
  }

  test('what was read is cached until somebody changes it', async () => {
    const cache = new BasicClientSideCache({ maxEntries: 100 });
    const client = await createClient({ url: url(), RESP: 3, clientSideCache: cache }).connect();
    await writer.mSet({ a: '1', b: '2' });
    for (let i = 0; i < 5; i++) assert.equal(await client.get('a'), '1');
    assert.deepEqual(await client.mGet(['a', 'b']), ['1', '2']);
    assert.deepEqual(await client.mGet(['a', 'b']), ['1', '2']);
    assert.equal(cache.stats().missCount, 2);
    assert.equal(cache.stats().hitCount, 5);

    await writer.set('a', 'changed');
    await until('the new value', async () => (await client.get('a')) === 'changed');
    assert.deepEqual(await client.mGet(['a', 'b']), ['changed', '2']);
    await writer.flushAll();
    await until('nothing', async () => (await client.get('a')) === null);
    await client.close();
  });

  test('a key that expires leaves the cache', async () => {
    const cache = new BasicClientSideCache();
    const client = await createClient({ url: url(), RESP: 3, clientSideCache: cache }).connect();
    await writer.set('a', '1', { expiration: { type: 'PX', value: 50 } });
    await client.get('a');
    await until('the end of the key', async () => (await client.get('a')) === null);
    await client.close();
  });

  test('a pool shares a cache', async () => {
    const cache = new BasicPooledClientSideCache();
    const pool = await createClientPool(
      { url: url(), RESP: 3 },
      { clientSideCache: cache, minimum: 3, maximum: 3 },
    ).connect();
    await writer.set('a', '1');
    for (let i = 0; i < 20; i++) assert.equal(await pool.get('a'), '1');
    assert.ok(cache.stats().hitCount >= 17, `${cache.stats().hitCount} hits`);
    await writer.set('a', '2');
    await until('the new value', async () => (await pool.get('a')) === '2');
    await pool.close();
  });

  test('node-redis monitors', async () => {
    const monitor = await createClient({ url: url() }).connect();
    const lines = [];
    await monitor.monitor((line) => lines.push(line));
    await writer.set('a', 'b c');
    await until('a line', () => lines.length > 0);
    assert.match(lines[0], /^\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "SET" "a" "b c"$/);
    await monitor.reset();
    assert.equal(await monitor.get('a'), 'b c');
    await monitor.close();
  });

  test('ioredis monitors', async () => {
    const redis = new Redis({ port: server.port, host: '127.0.0.1' });
    const monitor = await redis.monitor();
    const seen = new Promise((done) => monitor.once('monitor', (...all) => done(all)));
    await writer.set('a', '1');
    const [time, args, source, database] = await seen;
    assert.match(time, /^\d+\.\d{6}$/);
    assert.deepEqual(args, ['SET', 'a', '1']);
    assert.match(source, /^127\.0\.0\.1:\d+$/);
    assert.equal(database, '0');
    monitor.disconnect();
    redis.disconnect();
  });
});
