import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** A JSON answer that was serialised once. */
export interface ReadyAnswer {
  bytes: Buffer;
  etag: string;
}

export function readyAnswer(value: unknown): ReadyAnswer {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, etag: strongEtag(bytes) };
}

/** A strong ETag over the bytes of an answer. */
export const strongEtag = (bytes: string | Buffer) =>
  `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`;

/** Answers with the bytes, or with 304 where the client has them. */
export function sendReady(request: FastifyRequest, reply: FastifyReply, answer: ReadyAnswer): FastifyReply {
  reply.header('etag', answer.etag).header('cache-control', 'no-cache');
  if (isKnown(request.headers['if-none-match'], answer.etag)) return reply.code(304).send();
  return reply.type('application/json; charset=utf-8').send(answer.bytes);
}

function isKnown(header: string | undefined, etag: string): boolean {
  if (!header) return false;
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}
