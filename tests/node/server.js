// A server process for a test, as tests/support/server.py has it for Python: started in a folder
// of its own, ready when its log says so, ended by its pid, checked for reports at the end.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const READY = /[Rr]eady to accept connections/;
const REPORT = /AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|ASSERTION FAILED|crashed by signal/;
const PATIENCE_MS = 30_000;

const root = new URL('../..', import.meta.url).pathname;

/** The binary: $SERVER, from the folder of the project or absolute. */
const binary = resolve(process.env.INIT_CWD ?? root, process.env.SERVER ?? 'build/asan/tarn-server');

const [FIRST_PORT, LAST_PORT] = (process.env.TARN_TEST_PORTS ?? '22000-25999').split('-').map(Number);

/** A port of TARN_TEST_PORTS (first-last) that nothing listens on at this moment. */
async function freePort() {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1));
    if (await canListen(port)) return port;
  }
}

function canListen(port) {
  return new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => done(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
  });
}

export class Server {
  #process;
  #dir = mkdtempSync(join(tmpdir(), 'tarn-node-'));
  #log = '';
  port;

  /** Starts a server with directives beside the usual ones; resolves when it is ready. */
  static async start(...directives) {
    const server = new Server();
    server.port = await freePort();
    await server.#run(directives);
    return server;
  }

  async #run(directives) {
    const args = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#dir, '--save', ''];
    this.#process = spawn(binary, [...args, ...directives], { stdio: ['ignore', 'pipe', 'pipe'] });
    process.once('exit', () => this.#process.kill('SIGKILL'));
    await new Promise((ready, failed) => {
      const late = setTimeout(() => failed(this.#failure('not ready in time')), PATIENCE_MS);
      const take = (data) => {
        this.#log += data;
        if (READY.test(this.#log)) {
          clearTimeout(late);
          ready();
        }
      };
      this.#process.stdout.on('data', take);
      this.#process.stderr.on('data', take);
      this.#process.once('error', failed);
      this.#process.once('exit', (code) => failed(this.#failure(`ended with ${code}`)));
    });
  }

  /** Ends the server by SIGTERM and checks how it went. */
  async stop() {
    this.#process.removeAllListeners('exit');
    const ended = new Promise((done) => this.#process.once('close', (code) => done(code)));
    this.#process.kill('SIGTERM');
    const status = await ended;
    rmSync(this.#dir, { recursive: true, force: true });
    assert.ok(!REPORT.test(this.#log), this.#log);
    assert.equal(status, 0, this.#log);
  }

  #failure(what) {
    return new Error(`${binary}: ${what}\n${this.#log}`);
  }
}
