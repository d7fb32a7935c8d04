import { isDeepStrictEqual } from 'node:util';
import type { EntryKind, Problem, ValidationResult } from '@pierhead/model';
import type { IsDisabled } from './disabled.js';
import { secretKeys } from './secret-fields.js';
import type { AnyMetadata, Shelf } from './shelf.js';

type Config = Record<string, unknown>;

/** An entry that a service names, with what it was stored with if it was the same one before. */
export interface Choice {
  /** Where it stands in the service: nothing, or `/fallbackSources/0`. */
  at: string;
  id: string;
  version: string | undefined;
  config: Config;
  previous: { version: string | undefined; config: Config } | null;
}

/** What became of a choice: `entry` is null where there is none, and then the errors say why. */
export interface Chosen<M extends AnyMetadata = AnyMetadata> {
  entry: M | null;
  errors: Problem[];
  warnings: Problem[];
  config: Config;
  /** The keys of the config's secrets. */
  secrets: string[];
}

/** Finds the version that is meant, carries an unchanged config to it, and validates the config there. */
export async function chooseEntry<M extends AnyMetadata>(
  shelf: Shelf<M>,
  choice: Choice,
  isDisabled: IsDisabled,
): Promise<Chosen<M>> {
  const { kind } = shelf;
  const { at, id, previous } = choice;
  const newest = shelf.metadata(id);
  if (!newest) return refused(unknownEntry(kind, at, id, shelf.all()));
  const entry = shelf.metadata(id, choice.version ?? previous?.version ?? newest.version);
  if (!entry) return refused(withoutVersion(kind, choice, newest.versions));
  const result = await validate(shelf, entry.version, choice);
  const name = `${at}/${kind}Config`;
  return {
    entry,
    errors: [...(!previous && isDisabled(kind, id) ? [switchedOff(kind, at, id)] : []), ...under(name, result.errors)],
    warnings: under(name, result.warnings),
    config: result.config,
    secrets: secretKeys(shelf.schema(id, entry.version)),
  };
}

async function validate(shelf: Shelf, version: string, choice: Choice): Promise<ValidationResult> {
  const { id, config, previous } = choice;
  const options = { version };
  if (!previous) return (await shelf.validate(id, config, options))!;
  const isUnchanged = isDeepStrictEqual(config, previous.config);
  const { version: from = version } = previous;
  const carried = from === version ? null : await shelf.migrate(id, previous.config, from, version);
  if (isUnchanged && carried?.result.errors.some(({ code }) => code === 'migration_failed')) return carried.result;
  const base = carried?.config ?? previous.config;
  return (await shelf.validate(id, isUnchanged ? base : config, { ...options, previous: base }))!;
}

const refused = (problem: Problem) => ({ entry: null, errors: [problem], warnings: [], config: {}, secrets: [] });

const under = (path: string, problems: readonly Problem[]) =>
  problems.map((problem) => ({ ...problem, path: path + problem.path }));

export const listOf = (entries: readonly { id: string }[]) => entries.map(({ id }) => `"${id}"`).join(', ') || 'none';

export const unknownEntry = (kind: EntryKind, at: string, id: string, all: readonly { id: string }[]): Problem => ({
  path: `${at}/${kind}Id`,
  code: `${kind}_unknown`,
  message: `There is no ${kind} "${id}". Choose one of ${listOf(all)}.`,
});

/** The version that the service has may have gone; any other one is a mistake of whoever asks for it. */
function withoutVersion(kind: EntryKind, { at, id, version, previous }: Choice, versions: readonly string[]): Problem {
  const path = `${at}/${kind}Version`;
  if (version === undefined || version === previous?.version)
    return versionGone(kind, at, id, previous!.version!, versions);
  const message = `There is no version ${version} of the ${kind} "${id}"; there is ${versions.join(', ')}.`;
  return { path, code: `${kind}_version_unknown`, message };
}

export const versionGone = (
  kind: EntryKind,
  at: string,
  id: string,
  version: string,
  versions: readonly string[],
): Problem => ({
  path: `${at}/${kind}Version`,
  code: `${kind}_version_gone`,
  message: `Version ${version} of the ${kind} "${id}" is gone. Set ${kind}Version to one of ${versions.join(', ')}.`,
});

export const switchedOff = (kind: EntryKind, at: string, id: string): Problem => ({
  path: `${at}/${kind}Id`,
  code: `${kind}_disabled`,
  message: `The ${kind} "${id}" is switched off. Choose another, or ask an administrator to switch it on again.`,
});
