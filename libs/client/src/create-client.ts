import createFetchClient, { type Client as FetchClient, type Middleware } from 'openapi-fetch';
import { apiErrorOf, UnreachableError } from './api-error.js';
import type { paths } from './schema.js';

export type Client = FetchClient<paths>;

export interface ClientOptions {
  /** Such as `http://127.0.0.1:3000`. */
  baseUrl: string;
  token: string;
}

/** A client with one typed call for each route. Calls throw ApiError and UnreachableError. */
export function createClient({ baseUrl, token }: ClientOptions): Client {
  const client = createFetchClient<paths>({ baseUrl, headers: { authorization: `Bearer ${token}` } });
  client.use(throwing);
  return client;
}

const throwing: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) throw await apiErrorOf(response);
  },
  onError({ error, request }) {
    if (!request.signal.aborted) return new UnreachableError(request.url, error);
  },
};

/** The body of an answer, for calls that answer with one. */
export async function dataOf<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}
