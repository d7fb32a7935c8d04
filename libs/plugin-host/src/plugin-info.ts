import type { EntryKind, PluginInfo, Problem } from '@pierhead/model';
import type { Manifests } from '@pierhead/registry';
import type { ReadPlugin } from './plugin-as-read.js';

/** What users see of a plugin; with problems it has no entries. */
export function pluginInfo(
  { source, name, version }: ReadPlugin,
  manifests: Manifests,
  problems: Problem[],
): PluginInfo {
  const of = (kind: EntryKind, list: readonly { id: string; version: string }[]) =>
    list.map(({ id, version }) => ({ kind, id, version }));
  const { providers, builders, runtimes } = manifests;
  const entries = [...of('provider', providers), ...of('builder', builders), ...of('runtime', runtimes)];
  return { source, name, version, entries: problems.length > 0 ? [] : entries, problems };
}
