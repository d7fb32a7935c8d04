import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@pierhead/embedded-postgres';
import type { Test } from 'tap';
import { missingProgram } from './missing-program.js';

/** Why there can be no Redis on this machine, or false: what `skip` wants. */
export const redisMissing = (): string | false => missingProgram('redis-server');

/** An empty Redis server on a free port. */
export async function startRedis(): Promise<{ url: string; pid: number; stop(): Promise<void> }> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), 'pierhead-test-redis-'));
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', dir];
  const child = spawn('redis-server', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
    await rm(dir, { recursive: true, force: true });
  };
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    if (!String(chunk).includes('Ready to accept connections')) continue;
    child.stdout.resume();
    return { url: `redis://127.0.0.1:${port}`, pid: child.pid ?? 0, stop };
  }
  await stop();
  throw new Error('redis-server ended before it was ready');
}

/** An empty Redis server of the test's own; stopped when the test ends. */
export async function testRedis(t: Test): Promise<{ url: string; pid: number }> {
  const redis = await startRedis();
  t.teardown(redis.stop);
  return redis;
}
