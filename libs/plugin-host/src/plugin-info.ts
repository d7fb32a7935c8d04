import type { EntryKind, PluginInfo, Problem } from '@pierhead/model';
import type { Manifests } from '@pierhead/registry';
import type { ReadPlugin } from './plugin-as-read.js';

type Entry = PluginInfo['entries'][number];

/** What users see of a plugin; `kept` are its entries of an earlier reading. */
export function pluginInfo(
  { source, name, version }: ReadPlugin,
  fresh: Manifests,
  kept: Manifests,
  problems: Problem[],
): PluginInfo {
  const old = entriesOf(kept).map((entry) => ({ ...entry, kept: true }));
  return { source, name, version, entries: [...entriesOf(fresh), ...old], problems };
}

function entriesOf({ providers, builders, runtimes }: Manifests): Entry[] {
  const of = (kind: EntryKind, list: readonly { id: string; version: string }[]) =>
    list.map(({ id, version }) => ({ kind, id, version }));
  return [...of('provider', providers), ...of('builder', builders), ...of('runtime', runtimes)];
}
