import { isDeepStrictEqual } from 'node:util';
import type { Secrets, ServiceRow, StoredConfig, StoredSource } from '@pierhead/database';
import {
  choiceOf,
  type Problem,
  type ServiceChoice,
  type ServiceInput,
  type ServiceResolutionRequest,
} from '@pierhead/model';
import { mask, movesHost, unmask } from './service-secrets.js';

type Config = Record<string, unknown>;
type FallbackSource = NonNullable<ServiceInput['fallbackSources']>[number];

/** What a stored service has chosen, its secrets in plain text. */
export const storedChoice = (row: ServiceRow, secrets: Secrets): Required<ServiceChoice> =>
  secrets.open(choiceOf(row), row.id);

interface Wanted {
  request: ServiceResolutionRequest;
  /** Secrets that would go where they were not meant for. */
  problems: Problem[];
}

/** What a client wants, with the secrets that it was shown as masks put back where their entry is the same. */
export function resolutionRequest(input: ServiceInput, row: ServiceRow | null, secrets: Secrets): Wanted {
  const problems: Problem[] = [];
  const unmasked = (config: Config, stored: StoredConfig | null | undefined, path: string): Config => {
    if (!row || !stored) return config;
    const { value, kept } = unmask(config, stored, (sealed) => secrets.open<unknown>(sealed, row.id) as string, path);
    if (movesHost(config, stored)) problems.push(...kept.map(neededAgain));
    return value as Config;
  };
  const same = (key: 'providerId' | 'builderId' | 'runtimeId') => row?.[key] === input[key];
  const request = {
    ...choiceOf(input),
    providerConfig: unmasked(input.providerConfig, same('providerId') ? row?.providerConfig : null, '/providerConfig'),
    builderConfig: unmasked(input.builderConfig, same('builderId') ? row?.builderConfig : null, '/builderConfig'),
    runtimeConfig: unmasked(input.runtimeConfig ?? {}, same('runtimeId') ? row?.runtimeConfig : null, '/runtimeConfig'),
    fallbackSources: (input.fallbackSources ?? []).map((source, index) => {
      const stored = storedSource(source, index, row?.fallbackSources ?? []);
      const path = `/fallbackSources/${index}/providerConfig`;
      return { ...source, providerConfig: unmasked(source.providerConfig, stored?.providerConfig, path) };
    }),
    ...(row ? { previous: storedChoice(row, secrets) } : {}),
  };
  return { request, problems };
}

/** A source is the stored one that it looks like, wherever it stands now; else the one in its place. */
function storedSource({ providerId, providerConfig }: FallbackSource, index: number, stored: readonly StoredSource[]) {
  const alike = stored.filter((source) => source.providerId === providerId);
  const twin = alike.find((source) => isDeepStrictEqual(mask(source.providerConfig), providerConfig));
  return twin ?? alike.find((source) => source === stored[index]);
}

const neededAgain = (path: string): Problem => ({
  path,
  code: 'secret_needed',
  message: 'A URL beside this secret names another host now: send the secret again, or null without one.',
});
