import { createHash, timingSafeEqual } from 'node:crypto';
import { includesScope, type Scope } from '@pierhead/model';
import type { FastifyContextConfig, FastifyRequest } from 'fastify';
import plugin from 'fastify-plugin';
import { LRUCache } from 'lru-cache';
import { Allowance, limitedAddress } from './allowance.js';
import type { App } from './app.js';
import { HttpProblem } from './http-problem.js';

declare module 'fastify' {
  interface FastifyInstance {
    auth: { check: ((request: FastifyRequest) => Promise<void>) | null };
  }
  interface FastifyRequest {
    /** Whose token came with the request; null where the route is public. */
    identity: Identity | null;
  }
  interface FastifyContextConfig {
    /** Needs no token. Everything else does. */
    public?: boolean;
    /** What a token must have; without a word GET needs `read`, and everything else `admin`. */
    scope?: Scope;
  }
}

/** Who makes a request. */
export interface Identity {
  /** Null for the token of the configuration. */
  tokenId: string | null;
  name: string;
  scopes: readonly Scope[];
  /** The ids of the projects that it is limited to; null for no limit. */
  projects: readonly string[] | null;
}

/** Whose token this is; null for nobody's. Gives nothing away by the time that it takes. */
export type Verify = (token: string) => Promise<Identity | null> | Identity | null;

const sha256 = (text: string) => createHash('sha256').update(text).digest();

/** Tells in constant time whether a token is this one. */
export function tokenMatcher(expected: string): (given: string) => boolean {
  const hash = sha256(expected);
  // Hashes have one length, as the comparison demands.
  return (given) => timingSafeEqual(sha256(given), hash);
}

/** The token of `Authorization: Bearer …`, or null. */
export function bearerToken(request: FastifyRequest): string | null {
  const match = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '');
  return match?.[1] ?? null;
}

/** Asks for tokens once `requireToken` was called; here from the start, so that no plugin can be added before it. */
export const bearerAuth = plugin(async (app) => {
  app.decorate('auth', { check: null });
  app.decorateRequest('identity', null);
  app.addHook('onRequest', (request, _reply, done) => {
    if (app.auth.check) app.auth.check(request).then(() => done(), done);
    else done();
  });
});

/** The scope that a route needs, or null for a public one: the only place that says so, and closed by default. */
export function scopeOf(method: string, config: FastifyContextConfig = {}): Scope | null {
  if (config.public === true) return null;
  return config.scope ?? (method === 'GET' || method === 'HEAD' ? 'read' : 'admin');
}

interface TokenOptions {
  /** May look elsewhere, such as into a cookie. */
  tokenOf?: (request: FastifyRequest) => string | null;
  /** Wrong tokens that an address may send within a minute; 0, the default, for any number. */
  failuresPerMinute?: number;
}

/** Those who have shown a good token from an address; they are not shut out by what others send from there. */
const mostKnown = 10_000;

/** Every route needs a token with its scope unless it is public. */
export function requireToken(
  app: App,
  verify: Verify,
  { tokenOf = bearerToken, failuresPerMinute = 0 }: TokenOptions = {},
): void {
  const failures = new Allowance(failuresPerMinute);
  const known = new LRUCache<string, true>({ max: mostKnown });
  const asking = new Map<string, Promise<Identity | null>>();

  /** Counts as wrong until it is known to be right: many may come at once. The same one is looked up once. */
  const first = (token: string, address: string, holder: string): Promise<Identity | null> => {
    const asked = asking.get(holder);
    if (asked) return asked;
    failures.assertLeft(address, 'wrong tokens');
    failures.take(address);
    const found = (async () => verify(token))()
      .then((identity) => {
        if (identity) failures.giveBack(address);
        if (identity) known.set(holder, true);
        return identity;
      })
      .finally(() => asking.delete(holder));
    asking.set(holder, found);
    return found;
  };

  const identify = async (token: string, address: string): Promise<Identity> => {
    const holder = `${address} ${sha256(token).toString('base64')}`;
    const identity = await (known.has(holder) ? verify(token) : first(token, address, holder));
    if (identity) return identity;
    known.delete(holder);
    throw unauthorized('token_invalid', 'The token is unknown or has expired.');
  };
  app.auth.check = async (request) => {
    const scope = scopeOf(request.method, request.routeOptions.config);
    if (request.is404 || scope === null) return;
    if (hasTokenInQuery(request)) {
      throw new HttpProblem(400, 'token_in_query', 'A token in a URL ends up in logs; send it as a bearer token.');
    }
    const token = tokenOf(request);
    if (token === null) throw unauthorized('token_missing', 'This route needs a token.');
    const identity = await identify(token, limitedAddress(request.address));
    if (!includesScope(identity.scopes, scope)) throw missing(scope, identity);
    request.identity = identity;
  };
}

const unauthorized = (code: string, detail: string) =>
  new HttpProblem(401, code, detail, { headers: { 'www-authenticate': 'Bearer' } });

function missing(scope: Scope, { name, scopes }: Identity): HttpProblem {
  const detail = `This route needs the scope ${scope}; the token \u201c${name}\u201d has ${scopes.join(', ')}.`;
  const headers = { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` };
  return new HttpProblem(403, 'scope_missing', detail, { headers });
}

const names = new Set(['token', 'access_token', 'api_key', 'authorization']);

const hasTokenInQuery = (request: FastifyRequest) =>
  Object.keys(request.query ?? {}).some((key) => names.has(key.toLowerCase()));
