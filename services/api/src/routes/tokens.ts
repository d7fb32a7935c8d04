import type { TokenRow } from '@pierhead/database';
import { CreatedToken, PageQuery, page, Token, TokenInput, Type } from '@pierhead/model';
import type { ApiContext } from '../context.js';
import { cursorId } from '../cursor.js';
import { adminName, newToken, tokenHash } from '../identify.js';
import { conflict, notFound, unacceptable } from '../problems.js';
import type { Routes } from '../routes.js';
import { idParams, problems } from '../schemas.js';
import { timeOf } from '../time-of.js';

const tags = ['Tokens'];
const nameTaken = (name: string) => conflict('name_taken', `A token named \u201c${name}\u201d exists already.`);

const view = ({ expiresAt, lastUsedAt, createdAt, ...row }: TokenRow): Token => ({
  ...row,
  expiresAt: expiresAt?.toISOString() ?? null,
  lastUsedAt: lastUsedAt?.toISOString() ?? null,
  createdAt: createdAt.toISOString(),
});

/** What the audit log tells of a token. */
const record = (row: TokenRow) => {
  const { name, scopes, projects, expiresAt } = view(row);
  return { name, scopes, projects, expiresAt };
};

/** Throws unless the time lies in the future; null is never. */
function expiryOf(text: string | undefined): Date | null {
  if (text === undefined) return null;
  const time = timeOf(text);
  if (time && time.getTime() > Date.now()) return time;
  const message = 'It must be a time in the future; leave it out for a token that never expires.';
  throw unacceptable('expiry_passed', 'The token would have expired already.', [
    { path: '/expiresAt', code: 'expiry_passed', message },
  ]);
}

/** Their ids as they are stored; throws unless each of them is there. */
async function known(ids: string[], projects: ApiContext['projects']): Promise<string[]> {
  const found = await Promise.all(ids.map((id) => projects.find(id)));
  const errors = ids.flatMap((_, index) =>
    found[index]
      ? []
      : [{ path: `/projects/${index}`, code: 'project_not_found', message: 'There is no project with this id.' }],
  );
  if (errors.length > 0)
    throw unacceptable('project_not_found', 'A token cannot be limited to what is not there.', errors);
  return found.map((project) => project!.id);
}

export const tokenRoutes: Routes = async (app, { tokens, projects }) => {
  app.get(
    '/tokens',
    {
      config: { scope: 'admin' },
      schema: {
        tags,
        operationId: 'listTokens',
        summary: 'List tokens, newest first',
        description: 'Without the tokens themselves, and without the one of the configuration.',
        querystring: PageQuery,
        response: { 200: page(Token), ...problems() },
      },
    },
    async ({ query }) => {
      const { items, nextCursor } = await tokens.list(query.limit, cursorId(query.cursor));
      return { items: items.map(view), nextCursor };
    },
  );

  app.post(
    '/tokens',
    {
      config: { scope: 'admin' },
      schema: {
        tags,
        operationId: 'createToken',
        summary: 'Create a token',
        description: 'The answer holds the token itself, which is never shown again.',
        body: TokenInput,
        response: { 201: CreatedToken, ...problems(409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { name, scopes } = request.body;
      const limit = request.body.projects ? await known(request.body.projects, projects) : null;
      const expiresAt = expiryOf(request.body.expiresAt);
      const token = newToken();
      const row =
        name === adminName
          ? null
          : await tokens.create({ name, scopes, projects: limit, expiresAt, hash: tokenHash(token) });
      if (!row) throw nameTaken(name);
      request.audit = { target: { kind: 'token', id: row.id }, after: record(row) };
      return reply
        .code(201)
        .header('location', `/tokens/${row.id}`)
        .header('cache-control', 'no-store')
        .send({ ...view(row), token });
    },
  );

  app.delete(
    '/tokens/:id',
    {
      config: { scope: 'admin' },
      schema: {
        tags,
        operationId: 'deleteToken',
        summary: 'Delete a token; it is refused from now on',
        params: idParams,
        response: { 204: Type.Null(), ...problems(404) },
      },
    },
    async (request, reply) => {
      const row = await tokens.remove(request.params.id);
      if (!row) throw notFound('token_not_found', 'There is no token with this id.');
      request.audit = { target: { kind: 'token', id: row.id }, before: record(row) };
      return reply.code(204).send(null);
    },
  );
};
