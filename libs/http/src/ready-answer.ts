import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import plugin from 'fastify-plugin';
import { isKnown } from './is-known.js';
import { type ReadyAnswer, ReadyAnswers } from './ready-answers.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** What is sent without being routed; null where nothing is kept. */
    readyAnswers: ReadyAnswers | null;
  }
}

/** Keeps the answers of `sendReady` by their URL and the request headers that they depend on. */
export const keepReadyAnswers = plugin<{ by: readonly string[] | null }>(async (app, { by }) => {
  app.decorate('readyAnswers', by && new ReadyAnswers(app, by));
});

export function readyAnswer(value: unknown): ReadyAnswer {
  const text = JSON.stringify(value);
  return { text, etag: strongEtag(text) };
}

/** A strong ETag over the bytes of an answer. */
export const strongEtag = (bytes: string | Buffer) =>
  `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`;

/** Answers with the bytes, or with 304 where the client has them. */
export function sendReady(request: FastifyRequest, reply: FastifyReply, answer: ReadyAnswer): FastifyReply {
  request.server.readyAnswers?.keep(request.raw, request.routeOptions.url ?? 'none', answer);
  reply.header('etag', answer.etag).header('cache-control', 'no-cache');
  if (isKnown(request.headers['if-none-match'], answer.etag)) return reply.code(304).send();
  return reply.type('application/json; charset=utf-8').send(answer.text);
}
