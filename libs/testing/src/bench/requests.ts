import Fastify from 'fastify';
import { type Contender, interleave, type Table } from './measure.js';
import type { Product } from './product.js';

const requests = 2_000;
const connections = 16;

/** `GET /providers` of the catalog and of the api, beside a bare Fastify route that sends the same bytes. */
export async function benchRequests(product: Product): Promise<Table> {
  const bytes = Buffer.from(await (await fetch(new URL('/providers', product.catalogUrl))).arrayBuffer());
  const bare = Fastify();
  bare.get('/providers', (_request, reply) => reply.type('application/json; charset=utf-8').send(bytes));
  const bareUrl = await bare.listen({ host: '127.0.0.1', port: 0 });
  const headers = { authorization: `Bearer ${product.api.token}` };
  const contenders: Contender[] = [
    { name: 'bare Fastify route', run: () => load(`${bareUrl}/providers`, {}) },
    { name: 'catalog', run: () => load(`${product.catalogUrl}/providers`, {}) },
    { name: 'api (through the catalog)', run: () => load(`${product.api.url}/providers`, headers) },
  ];
  try {
    return await interleave(
      `GET /providers, ${bytes.length} bytes, ${requests} requests over ${connections} connections`,
      'ms',
      contenders,
      9,
    );
  } finally {
    await bare.close();
  }
}

/** Milliseconds for all requests. */
async function load(url: string, headers: Record<string, string>): Promise<number> {
  let left = requests;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left-- > 0) {
        const response = await fetch(url, { headers });
        if (!response.ok) throw new Error(`${url} answered ${response.status}`);
        await response.arrayBuffer();
      }
    }),
  );
  return performance.now() - started;
}
