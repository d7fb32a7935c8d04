import type { PluginInfo } from '@pierhead/model';

const mostFaults = 3;

/**
 * What a health check tells of plugins with faults. Anybody may read it: no messages, which are the plugin's
 * own, and no folders.
 */
export function faultyPlugins(plugins: readonly PluginInfo[]): { degraded: string } | undefined {
  const faulty = plugins.filter(({ problems }) => problems.length > 0);
  if (faulty.length === 0) return undefined;
  const more = faulty.length > mostFaults ? ` and ${faulty.length - mostFaults} more` : '';
  const named = faulty.slice(0, mostFaults).map(faultsOf).join(', ');
  return { degraded: `Plugins with faults: ${named}${more}. GET /plugins says why.` };
}

function faultsOf({ source, name, problems, entries }: PluginInfo): string {
  const faults = problems.slice(0, mostFaults).map(({ path, code }) => (path ? `${code} at ${path}` : code));
  const kept = entries.filter((entry) => entry.kept).length;
  if (kept > 0) faults.push(`${kept} of its entries ${kept === 1 ? 'is' : 'are'} kept from before`);
  return `${name ?? source.split('/').filter(Boolean).at(-1)} (${faults.join(', ')})`;
}
