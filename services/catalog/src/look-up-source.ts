import {
  type CallContext,
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
  const { providerId, providerVersion } = lookup;
  // That it is not here is told by the preview of upgrades.
  if (!providers.getProviderMetadata(providerId, providerVersion)) return { revision: null, problems: [] };
  const open = () => providers.getProvider(providerId, providerVersion);
  try {
    const revision = await withCallContext(host, (context) => resolve(open, lookup, context), storageOf(lookup));
    return { revision, problems: [] };
  } catch (error) {
    if (error instanceof UserError)
      return problem(error.code, error.hint ? `${error.message} ${error.hint}` : error.message);
    return problem('not_checked', `The source could not be looked up: ${messageOf(error)}`);
  }
}

async function resolve(open: () => Promise<Provider | null>, lookup: SourceLookup, context: CallContext) {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(limitMs)]);
  return Promise.race([ask(open, lookup, { ...context, signal }), whenAborted(signal)]);
}

async function ask(open: () => Promise<Provider | null>, lookup: SourceLookup, context: CallContext) {
  const { ref, revision } = lookup;
  const want = { ...(ref === undefined ? {} : { ref }), ...(revision === undefined ? {} : { revision }) };
  const provider = (await open())!;
  try {
    const unavailable = await provider.unavailable?.(context);
    if (unavailable) throw new UserError(unavailable.code, unavailable.message, { hint: unavailable.hint });
    return await provider.resolveRevision(lookup.providerConfig, want, context);
  } finally {
    await provider.dispose?.();
  }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  const late = new Error(`no answer within ${limitMs / 1000} seconds`);
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(late), { once: true }));
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
