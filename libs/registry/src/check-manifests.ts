import { type Problem, pointer } from '@pierhead/model';
import { checkThoroughly, type Kind } from './check-manifest.js';
import { isPlainObject } from './copy-json.js';

const kinds = { providers: 'provider', builders: 'builder', runtimes: 'runtime' } as const satisfies Record<
  string,
  Kind
>;
const lists = Object.keys(kinds) as (keyof typeof kinds)[];

/**
 * Everything that is wrong with what a plugin exports as `{ providers?, builders?, runtimes? }`, more thoroughly than
 * at registration: with patterns that can take forever.
 */
export function checkManifests(manifests: unknown): Problem[] {
  if (!isPlainObject(manifests))
    return [{ path: '', code: 'invalid_manifest', message: 'There are no manifests here.' }];
  const present = lists.filter((list) => manifests[list] !== undefined);
  return [
    ...Object.keys(manifests).flatMap((key) => (Object.hasOwn(kinds, key) ? [] : [unknownKind(key)])),
    ...(present.length > 0 ? [] : [nothing]),
    ...present.flatMap((list) => checkList(list, manifests[list])),
  ];
}

function checkList(list: keyof typeof kinds, manifests: unknown): Problem[] {
  if (!Array.isArray(manifests))
    return [{ path: pointer(list), code: 'invalid_manifest', message: `${list} must be a list of manifests.` }];
  return manifests.flatMap((manifest, index) =>
    checkThoroughly(kinds[list], manifest).map((each) => ({ ...each, path: pointer(list, index) + each.path })),
  );
}

const unknownKind = (key: string): Problem => ({
  path: pointer(key),
  code: 'unknown_kind',
  message: `Nothing of the kind "${key.slice(0, 100)}" can be registered; there are ${lists.join(', ')}.`,
});

const nothing: Problem = {
  path: '',
  code: 'invalid_manifest',
  message: `There are no manifests here: neither ${lists.join(' nor ')}.`,
};
