import { basename } from 'node:path';
import {
  disabledHeader,
  messageOf,
  type PluginInfo,
  type ServiceResolution,
  type ServiceResolutionRequest,
  type SourceAnswer,
  type SourceLookup,
  type UpgradePreview,
  WorldError,
} from '@pierhead/model';
import pRetry from 'p-retry';

/** An answer of the catalog, passed on as it came. */
export interface CatalogAnswer {
  status: number;
  headers: Record<string, string>;
  text: string;
}

export interface CatalogClient {
  /** Passes a request on. Throws WorldError when the catalog does not answer. */
  forward(method: string, path: string, body?: unknown): Promise<CatalogAnswer>;
  /** Validates a service's three configs together, and pins versions. */
  resolveService(request: ServiceResolutionRequest): Promise<ServiceResolution>;
  /** Which revision a provider would ship, and what stands in the way. */
  lookUpSource(lookup: SourceLookup): Promise<SourceAnswer>;
  /** What the newer versions of a stored service's entries would make of its configs; secrets come back masked. */
  previewUpgrades(stored: ServiceResolutionRequest): Promise<UpgradePreview>;
  /** Resolves when the catalog answers; plugins that it could not load are told. */
  ping(): Promise<{ degraded: string } | undefined>;
}

const passedOn = ['content-type', 'etag', 'cache-control'];
const limitMs = 30_000;
/**
 * A catalog that is started anew ends connections, and is away for a moment. Every question to it may be asked twice:
 * it stores nothing.
 */
const patience = { retries: 6, minTimeout: 50, maxTimeout: 1_000 };

/**
 * @param token what the catalog knows us by
 * @param disabled the registry entries that are switched off, as every call tells them
 */
export function createCatalogClient(baseUrl: string, token: string, disabled: () => string | undefined): CatalogClient {
  const forward: CatalogClient['forward'] = async (method, path, body) => {
    const headers = new Headers({ authorization: `Bearer ${token}` });
    const off = disabled();
    if (off !== undefined) headers.set(disabledHeader, off);
    if (body !== undefined) headers.set('content-type', 'application/json');
    const url = new URL(path, baseUrl);
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const signal = AbortSignal.timeout(limitMs);
    const send = async (): Promise<CatalogAnswer> => {
      const response = await fetch(url, { method, headers, ...sent, redirect: 'error', signal });
      const kept = passedOn.flatMap((name) =>
        response.headers.has(name) ? [[name, response.headers.get(name)!]] : [],
      );
      return { status: response.status, headers: Object.fromEntries(kept), text: await response.text() };
    };
    try {
      return await pRetry(send, { ...patience, signal });
    } catch (error) {
      throw new WorldError('catalog_unavailable', `The catalog does not answer: ${messageOf(error)}.`, {
        cause: error,
      });
    }
  };

  const ask = async <T>(method: string, path: string, sent?: unknown): Promise<T> => {
    const { status, text } = await forward(method, path, sent);
    if (status === 200) return JSON.parse(text);
    throw new WorldError('catalog_unavailable', `The catalog answered with status ${status}.`);
  };

  return {
    forward,
    resolveService: (request) => ask('POST', '/resolve-service', request),
    lookUpSource: (lookup) => ask('POST', '/look-up-source', lookup),
    previewUpgrades: (stored) => ask('POST', '/preview-upgrades', stored),
    async ping() {
      const faulty = (await ask<PluginInfo[]>('GET', '/plugins')).filter(({ problems }) => problems.length > 0);
      if (faulty.length === 0) return undefined;
      // Anyone may ask whether the api is ready: where plugins lie is told by GET /plugins.
      const names = faulty.map(({ name, source }) => name ?? basename(source));
      return { degraded: `Plugins with faults: ${names.join(', ')}.` };
    },
  };
}
