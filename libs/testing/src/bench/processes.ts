import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@pierhead/embedded-postgres';

const bareServer = fileURLToPath(new URL('./bare-server.js', import.meta.url));
const bareProxy = fileURLToPath(new URL('./bare-proxy.js', import.meta.url));
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

/** A proxy of a few lines before an origin. */
export const startBareProxy = (origin: string) => start([bareProxy], (port) => [String(port), origin], {});

/** nginx with one worker and kept connections to an origin; its files go into the folder. */
export async function startNginx(folder: string, origin: string): Promise<Server> {
  const port = await freePort();
  const started = performance.now();
  const file = join(folder, 'nginx.conf');
  await writeFile(file, nginxConfig(folder, port, new URL(origin).host));
  const child = spawn('nginx', ['-p', folder, '-c', file, '-e', join(folder, 'error.log')], { stdio: 'inherit' });
  const url = `http://127.0.0.1:${port}`;
  await ready(child, url);
  return { url, readyMs: performance.now() - started, stop: () => end(child) };
}

const nginxConfig = (
  folder: string,
  port: number,
  origin: string,
) => `daemon off; worker_processes 1; pid ${folder}/pid;
events {}
http {
  access_log off;
  upstream app { server ${origin}; keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000;
    location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }
  }
}
`;

const catalogToken = randomBytes(32).toString('hex');
/** What a catalog of these answers to. */
export const asApi = { authorization: `Bearer ${catalogToken}` };

/** The catalog alone, with plugins or without. */
export const startCatalog = (plugins: readonly string[] = []) =>
  start([catalog], () => [], {
    LOG_LEVEL: 'error',
    PIERHEAD_PLUGINS: plugins.join(','),
    PIERHEAD_CATALOG_TOKEN: catalogToken,
  });

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
