import { createServer } from 'node:http';
import { Pool } from 'undici';

/** The least that a proxy in Node.js does, as a process of its own: its arguments are a port and the origin behind it. */
const [port = '0', origin = ''] = process.argv.slice(2);
const pool = new Pool(origin);
const server = createServer(({ method, url, headers }, response) => {
  const { connection: _, ...rest } = headers;
  const options = { method: method as 'GET', path: url ?? '/', headers: rest, opaque: response };
  pool.stream(
    options,
    ({ statusCode, headers: answered }) => response.writeHead(statusCode, answered),
    (error) => error && response.destroy(error),
  );
});
server.listen(Number(port), '127.0.0.1');
