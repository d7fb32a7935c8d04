import { type Client, dataOf, type KeyRotation } from '@pierhead/client';
import { columns, listing } from '../columns.js';
import { CliError } from '../failure.js';
import type { AddCommands } from '../session.js';

type Round = Omit<KeyRotation, 'nextCursor'>;

/** The second finds nothing to do, unless somebody still seals with an old key. */
const mostRounds = 3;

export const addKeys: AddCommands = (program, session) => {
  const keys = program.command('keys').description('change the key that seals secrets');

  keys
    .command('rotate')
    .description('seal with the key in use what older ones have sealed; everything goes on meanwhile')
    .action(async () => {
      const { client, show } = await session();
      const outcome = await rotate(client);
      show(outcome, () => [counts(outcome), ...left(outcome), advice(outcome)].join('\n\n'));
    });
};

/** Rounds until one finds nothing to do: what was stored while the one before was under way is sealed anew as well. */
async function rotate(client: Client): Promise<Round> {
  let resealed = 0;
  for (let count = 1; count <= mostRounds; count++) {
    const found = await round(client);
    resealed += found.resealed;
    if (found.resealed === 0) return { ...found, resealed };
  }
  throw new CliError(
    'keys_in_use',
    'Secrets are still being sealed with an old key.',
    'Give every api the new key as PIERHEAD_SECRET_KEY, then run this again.',
  );
}

/** Everything once. */
async function round(client: Client): Promise<Round> {
  const unknown = new Map<string, Round['unknown'][number]>();
  const total = { keyId: '', sealed: 0, resealed: 0 };
  let cursor: string | null = null;
  do {
    const part: KeyRotation = await dataOf(client.POST('/keys/rotate', { body: cursor ? { cursor } : {} }));
    total.keyId = part.keyId;
    total.sealed += part.sealed;
    total.resealed += part.resealed;
    for (const each of part.unknown) {
      const key = `${each.serviceId} ${each.keyId}`;
      unknown.set(key, { ...each, secrets: each.secrets + (unknown.get(key)?.secrets ?? 0) });
    }
    cursor = part.nextCursor;
  } while (cursor);
  return { ...total, unknown: [...unknown.values()] };
}

const counts = ({ keyId, sealed, resealed, unknown }: Round) =>
  listing({
    key: keyId,
    secrets: String(sealed),
    'sealed anew': String(resealed),
    left: String(unknown.reduce((sum, { secrets }) => sum + secrets, 0)),
  });

const left = ({ unknown }: Round) =>
  unknown.length === 0
    ? []
    : [
        columns(
          ['service', 'key', 'secrets'],
          unknown.map(({ serviceId, keyId, secrets }) => [serviceId, keyId, String(secrets)]),
          '',
        ),
        'What is left was sealed with keys that the api does not have. Add them to PIERHEAD_OLD_SECRET_KEYS of every api and worker and run this again; of a key that is lost, so are the secrets.',
      ];

const advice = ({ keyId }: Round) =>
  `Nothing that is stored needs an old key that the api has. Once every api and worker has ${keyId} as PIERHEAD_SECRET_KEY, those can be removed from PIERHEAD_OLD_SECRET_KEYS, or from the file secret-key.`;
