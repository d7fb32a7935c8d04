import { sendReady } from '@pierhead/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CatalogAnswer } from './catalog-client.js';
import type { ApiContext } from './context.js';

/** What the catalog answers to a GET, at most a second old. */
export const askCatalog = (path: string, { catalog, kept, toggles }: ApiContext): Promise<CatalogAnswer> =>
  kept.get(`${path} ${toggles.header() ?? ''}`, () => catalog.forward('GET', path));

/** Sends what the catalog answered, as the text that it is; with its ETag, or as 304 where the client has it. */
export function passOn(request: FastifyRequest, reply: FastifyReply, answer: CatalogAnswer): FastifyReply {
  const { status, headers, text } = answer;
  if (status === 200 && headers.etag) return sendReady(request, reply, { text, etag: headers.etag });
  return reply.code(status).headers(headers).send(text);
}
