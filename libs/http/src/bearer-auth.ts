import type { FastifyRequest } from 'fastify';
import plugin from 'fastify-plugin';
import type { App } from './app.js';
import { HttpProblem } from './http-problem.js';

declare module 'fastify' {
  interface FastifyInstance {
    auth: { check: ((request: FastifyRequest) => Promise<void>) | null };
  }
  interface FastifyContextConfig {
    /** Needs no token. Everything else does. */
    public?: boolean;
  }
}

/** Whether the token may make this request; throws HttpProblem for more than a plain no. Compares in constant time. */
export type Verify = (token: string, request: FastifyRequest) => Promise<boolean> | boolean;

/** The token of `Authorization: Bearer …`, or null. */
export function bearerToken(request: FastifyRequest): string | null {
  const match = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '');
  return match?.[1] ?? null;
}

/** Asks for tokens once `requireToken` was called; here from the start, so that no plugin can be added before it. */
export const bearerAuth = plugin(async (app) => {
  app.decorate('auth', { check: null });
  app.addHook('onRequest', async (request) => app.auth.check?.(request));
});

/** Every route needs a token unless its config says `public: true`. `tokenOf` may look elsewhere, such as a cookie. */
export function requireToken(app: App, verify: Verify, tokenOf = bearerToken): void {
  app.auth.check = async (request) => {
    if (request.is404 || request.routeOptions.config.public === true) return;
    if (hasTokenInQuery(request)) {
      throw new HttpProblem(400, 'token_in_query', 'A token in a URL ends up in logs; send it as a bearer token.');
    }
    const token = tokenOf(request);
    if (token === null) throw unauthorized('token_missing', 'This route needs a token.');
    if (!(await verify(token, request))) throw unauthorized('token_invalid', 'The token is unknown or has expired.');
  };
}

const unauthorized = (code: string, detail: string) =>
  new HttpProblem(401, code, detail, { headers: { 'www-authenticate': 'Bearer' } });

const names = new Set(['token', 'access_token', 'api_key', 'authorization']);

const hasTokenInQuery = (request: FastifyRequest) =>
  Object.keys(request.query ?? {}).some((key) => names.has(key.toLowerCase()));
