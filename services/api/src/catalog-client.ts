import {
  messageOf,
  type ServiceResolution,
  type ServiceResolutionRequest,
  type SourceAnswer,
  type SourceLookup,
  WorldError,
} from '@pierhead/model';

/** An answer of the catalog, passed on as it came. */
export interface CatalogAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

export interface CatalogClient {
  /** Passes a request on. Throws WorldError when the catalog does not answer. */
  forward(
    method: string,
    path: string,
    headers: Record<string, string | undefined>,
    body?: unknown,
  ): Promise<CatalogAnswer>;
  /** Validates a service's three configs together, and pins versions. */
  resolveService(request: ServiceResolutionRequest): Promise<ServiceResolution>;
  /** Which revision a provider would ship, and what stands in the way. */
  lookUpSource(lookup: SourceLookup): Promise<SourceAnswer>;
  ping(): Promise<void>;
}

const passedOn = ['content-type', 'etag', 'cache-control'];
const limitMs = 30_000;

export function createCatalogClient(baseUrl: string): CatalogClient {
  const forward: CatalogClient['forward'] = async (method, path, sent, body) => {
    const headers = new Headers();
    for (const [name, value] of Object.entries(sent)) if (value !== undefined) headers.set(name, value);
    if (body !== undefined) headers.set('content-type', 'application/json');
    try {
      const response = await fetch(new URL(path, baseUrl), {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(limitMs),
      });
      const kept = passedOn.flatMap((name) =>
        response.headers.has(name) ? [[name, response.headers.get(name)!]] : [],
      );
      return {
        status: response.status,
        headers: Object.fromEntries(kept),
        body: Buffer.from(await response.arrayBuffer()),
      };
    } catch (error) {
      throw new WorldError('catalog_unavailable', `The catalog does not answer: ${messageOf(error)}.`, {
        cause: error,
      });
    }
  };

  const expectOk = ({ status, body }: CatalogAnswer) => {
    if (status === 200) return body;
    throw new WorldError('catalog_unavailable', `The catalog answered with status ${status}.`);
  };

  return {
    forward,
    resolveService: async (request) =>
      JSON.parse(expectOk(await forward('POST', '/resolve-service', {}, request)).toString()),
    lookUpSource: async (lookup) =>
      JSON.parse(expectOk(await forward('POST', '/look-up-source', {}, lookup)).toString()),
    ping: async () => void expectOk(await forward('GET', '/health', {})),
  };
}
