import { readFile } from 'node:fs/promises';
import Fastify from 'fastify';

/** A bare Fastify route, as a process of its own: its arguments are a port and the file whose bytes it sends. */
const [port = '0', file = ''] = process.argv.slice(2);
const bytes = await readFile(file);
const app = Fastify();
app.get('/*', (_request, reply) => reply.type('application/json; charset=utf-8').send(bytes));
await app.listen({ host: '127.0.0.1', port: Number(port) });
