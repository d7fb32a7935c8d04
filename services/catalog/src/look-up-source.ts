import {
  type HostSettings,
  messageOf,
  type Provider,
  type SourceAnswer,
  type SourceLookup,
  UserError,
} from '@pierhead/model';
import type { Registries } from '@pierhead/registry';
import { noStorage, withCallContext } from './call-context.js';

const limitMs = 10_000;

/** Asks the provider which revision a deployment would ship; why it could not is an answer too. */
export async function lookUpSource(
  { providers }: Registries,
  host: HostSettings,
  lookup: SourceLookup,
): Promise<SourceAnswer> {
  const provider = await providers.getProvider(lookup.providerId);
  if (!provider) return problem('unknown_provider', `There is no provider "${lookup.providerId}".`);
  try {
    return {
      revision: await withCallContext(host, (context) => resolve(provider, lookup, context), storageOf(lookup)),
      problems: [],
    };
  } catch (error) {
    if (error instanceof UserError)
      return problem(error.code, error.hint ? `${error.message} ${error.hint}` : error.message);
    return problem('not_checked', `The source could not be looked up: ${messageOf(error)}`);
  }
}

async function resolve(provider: Provider, lookup: SourceLookup, context: Parameters<Provider['resolveRevision']>[2]) {
  const { ref, revision } = lookup;
  const want = { ...(ref === undefined ? {} : { ref }), ...(revision === undefined ? {} : { revision }) };
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(limitMs)]);
  const unavailable = await provider.unavailable?.({ host: context.host, signal });
  if (unavailable) throw new UserError(unavailable.code, unavailable.message, { hint: unavailable.hint });
  return provider.resolveRevision(lookup.providerConfig, want, { ...context, signal });
}

/** The uploads that the api vouches for; their bytes are not here, and resolving does not need them. */
const storageOf = ({ uploads }: SourceLookup) => ({
  ...noStorage,
  uploadFile: async (id: string) => (Object.hasOwn(uploads, id) ? { path: '', ...uploads[id]! } : null),
});

const problem = (code: string, message: string): SourceAnswer => ({
  revision: null,
  problems: [{ path: '/providerConfig', code, message }],
});
