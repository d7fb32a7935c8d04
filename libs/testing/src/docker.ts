import { callEngine, connectEngine, type Engine, engineUnavailable } from '@pierhead/docker';
import { importBaseImages } from './docker-base-images.js';

/** The engine that tests use. */
export const testDockerHost = 'unix:///var/run/docker.sock';

export const testEngine = (): Engine => connectEngine(testDockerHost);

/** False when a Docker engine answers; else why tests that need one are skipped. */
export async function dockerMissing(): Promise<string | false> {
  const reason = await engineUnavailable(testDockerHost, AbortSignal.timeout(5_000));
  return reason === null ? false : 'no Docker engine answers';
}

/** Makes `busybox` and `node:20-slim` available to builds without an image registry. They stay for the next run. */
export const ensureBaseImages = (): Promise<void> => importBaseImages(testEngine());

/** Removes images by id or name, used or not; those that are gone already are fine. */
export async function removeTestImages(references: Iterable<string>): Promise<void> {
  const engine = testEngine();
  for (const reference of new Set(references)) {
    const call = { method: 'DELETE', path: `/images/${reference}`, query: { force: true } } as const;
    await callEngine(engine, call).catch(() => {});
  }
}

/** The files of a Node.js server that answers its message, its variables and its process id. */
export const nodeAppFiles = (message = 'hello'): Record<string, string> => ({
  Dockerfile: [
    'FROM node:20-slim',
    'WORKDIR /app',
    'COPY server.js .',
    'USER node',
    'CMD ["node", "server.js"]',
    '',
  ].join('\n'),
  'server.js': `import('node:http').then(({ createServer }) => {
  const server = createServer((request, response) => {
    if (request.url === '/env') return response.end(JSON.stringify(process.env));
    if (request.url === '/crash') return process.exit(3);
    if (request.url === '/broken') return response.writeHead(500).end('broken');
    response.end(${JSON.stringify(message)});
  });
  server.listen(Number(process.env.PORT), () => console.log('listening on ' + process.env.PORT));
  process.on('SIGTERM', () => process.exit(0));
});
`,
});

/** The files of a site that busybox serves: nothing to boot, ready at once. */
export const busyboxAppFiles = (message = 'hello'): Record<string, string> => ({
  Dockerfile: [
    'FROM busybox',
    'COPY index.html /www/',
    'EXPOSE 8000',
    // As process 1 the server itself would not end when it is asked to.
    `CMD ["sh", "-c", "httpd -p $PORT -h /www; trap 'exit 0' TERM; while :; do sleep 600 & wait $!; done"]`,
    '',
  ].join('\n'),
  'index.html': message,
});
