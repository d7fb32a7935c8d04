import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Manifests } from '@pierhead/registry';
import type { Fixture, PluginFixtures, PluginScope } from './conformance/fixtures.js';
import type { OpenScope } from './plugin-scope.js';

type List = keyof PluginFixtures;
type AnyFixture = Fixture<object, PluginScope>;
type Entry = { id: string; version: string };

const lists: readonly List[] = ['providers', 'builders', 'runtimes'];

/** The fixtures of a plugin, and all that is wrong with them, in words. */
export interface ReadFixtures {
  /** That of the entry's version, or of its id; one that says so where there is none. */
  of(list: List, entry: Entry): AnyFixture;
  faults: string[];
}

/** Reads the `conformance.js` of the plugin in `folder`, where there is one. */
export async function readFixtures(folder: string, manifests: Manifests): Promise<ReadFixtures> {
  const file = join(folder, 'conformance.js');
  if (!(await stat(file).catch(() => null))) return fixturesIn({}, manifests);
  try {
    return fixturesIn(await import(pathToFileURL(file).href), manifests);
  } catch (error) {
    return {
      of: () => untried('conformance.js cannot be imported'),
      faults: [`conformance.js cannot be imported: ${whyOf(error)}`],
    };
  }
}

const untried = (skip: string): AnyFixture => ({ skip, prepare: () => ({}) });

function fixturesIn(exported: object, manifests: Manifests): ReadFixtures {
  const all = exported as Record<List, Record<string, AnyFixture> | undefined>;
  const of = (list: List, { id, version }: Entry) => all[list]?.[`${id}@${version}`] ?? all[list]?.[id];
  return {
    of(list, entry) {
      const fixture = of(list, entry);
      return fixture ? prepared(fixture) : untried('conformance.js has nothing for it');
    },
    faults: Object.entries(exported).flatMap(([list, fixtures]) => faultsOf(list, fixtures, manifests)),
  };
}

function faultsOf(list: string, fixtures: unknown, manifests: Manifests): string[] {
  if (!isList(list)) return [`conformance.js exports ${list}; it can export ${lists.join(', ')}.`];
  if (typeof fixtures !== 'object' || fixtures === null)
    return [`${list} of conformance.js must be an object with a fixture for each id.`];
  const known = manifests[list].flatMap(({ id, version }) => [id, `${id}@${version}`]);
  return Object.entries(fixtures).flatMap(([key, fixture]) => {
    if (!known.includes(key))
      return [
        `conformance.js has a fixture for "${key}" in ${list}, which the plugin does not have. It has ${known.join(', ') || 'none'}.`,
      ];
    if (typeof (fixture as Partial<AnyFixture> | null)?.prepare !== 'function')
      return [`The fixture for "${key}" in ${list} of conformance.js has no function prepare.`];
    return [];
  });
}

const isList = (list: string): list is List => lists.includes(list as List);

/** Whatever is prepared lies in the workspace, as it does in a deployment, and can be stored. */
function prepared(fixture: AnyFixture): AnyFixture {
  return {
    ...fixture,
    async prepare(scope) {
      const given: { context?: object } = await attempt(() => fixture.prepare(scope));
      const { workspace, storage } = scope as OpenScope;
      return { ...given, context: { workspace, storage, ...given.context } };
    },
  };
}

async function attempt(prepare: () => object | Promise<object>): Promise<object> {
  try {
    const given: unknown = await prepare();
    if (typeof given !== 'object' || given === null) throw new TypeError(`it answered ${String(given)}, not an object`);
    return given;
  } catch (error) {
    throw new Error(`prepare() of the fixture failed: ${whyOf(error)}`, { cause: error });
  }
}

/** With the place in the author's files that the stack begins with, where it tells one. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const place = /(?:file:\/\/)?(\/[^\s()]+:\d+(?::\d+)?)/.exec(error.stack ?? '')?.[1];
  return `${error.name}: ${error.message}${place ? ` (at ${place})` : ''}`;
}
