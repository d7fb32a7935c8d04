import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from '@pierhead/embedded-postgres';

const bareServer = fileURLToPath(new URL('./bare-server.js', import.meta.url));
const catalog = fileURLToPath(new URL('../../../../services/catalog/dist/main.js', import.meta.url));
const lookEveryMs = 5;
const limitMs = 60_000;

/** A server in a process of its own. */
export interface Server {
  url: string;
  /** Milliseconds from the start of the process to its first good answer at `/ready` or `/`. */
  readyMs: number;
  stop(): Promise<void>;
}

/** A bare Fastify route that sends the bytes of a file at every path. */
export const startBare = (file: string) => start([bareServer], (port) => [String(port), file], {});

/** The catalog alone, with plugins or without. */
export const startCatalog = (plugins: readonly string[] = []) =>
  start([catalog], () => [], { LOG_LEVEL: 'error', PIERHEAD_PLUGINS: plugins.join(',') });

async function start(
  program: string[],
  more: (port: number) => string[],
  variables: Record<string, string>,
): Promise<Server> {
  const port = await freePort();
  const started = performance.now();
  const child = spawn(process.execPath, [...program, ...more(port)], {
    stdio: 'inherit',
    env: { ...process.env, ...variables, PIERHEAD_CATALOG_PORT: String(port) },
  });
  const url = `http://127.0.0.1:${port}`;
  await ready(child, `${url}/ready`);
  return { url, readyMs: performance.now() - started, stop: () => end(child) };
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  const limit = performance.now() + limitMs;
  while (performance.now() < limit && child.exitCode === null) {
    if ((await fetch(url).catch(() => null))?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
  await end(child);
  throw new Error(`${url} did not answer`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
