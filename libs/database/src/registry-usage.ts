import { type EntryKind, entryKinds, type RegistryUsage, type StageName, stages } from '@pierhead/model';
import type { Database } from './connect.js';
import { services as table } from './tables.js';

/** `at` in milliseconds since 1970. */
type Lookup = Omit<RegistryUsage['deployments'][number], 'at'> & { at: number };
type Service = RegistryUsage['services'][number];
type Count = { version: string; deployments: number; failed: number };

const shownDeployments = 50;
/** Errors of long ago tell little of an entry, and counting them all would take ever longer. */
const countedDeployments = 1_000;

/** The stages that an entry does the work of. */
const work: Record<EntryKind, StageName[]> = {
  provider: ['resolve', 'fetch'],
  builder: ['build'],
  runtime: ['release', 'verify'],
};
const stagesAfter = (kind: EntryKind) => stages.slice(stages.indexOf(work[kind].at(-1)!) + 1);

/**
 * The codes of failures before the first stage that are not an entry's own: it was not there or switched off, or it is
 * an entry of another kind that they are about. Where the code does not tell of whom, each of the three is counted.
 */
const faultOfOthers = (kind: EntryKind) =>
  `_(unknown|version_gone|disabled)$|^(${entryKinds.filter((each) => each !== kind).join('|')})_`;

/** Who uses an entry: the services that name it now, and the deployments whose workers looked it up. */
export function registryUsageRepository({ sql }: Database) {
  /** A service that names several versions, for itself and for its fallback sources, comes once with each. */
  const services = (kind: EntryKind, id: string) => sql<Service[]>`
    select s.id, s.name, s.${sql(table[`${kind}Version`].name)} as version from services s
    where s.${sql(table[`${kind}Id`].name)} = ${id} and s.deleted_at is null
    union
    select s.id, s.name, f->>'providerVersion' from services s, jsonb_array_elements(s.fallback_sources) f
    where ${kind} = 'provider' and f->>'providerId' = ${id} and s.deleted_at is null
    order by name, version`;

  /** A deployment counts for an entry from the moment that it was the entry's turn. */
  const counts = (kind: EntryKind, id: string) => sql<Count[]>`
    select version, (count(*) filter (where passed or failed))::int as deployments,
      (count(*) filter (where failed))::int as failed
    from (
      select l.version,
        l.found and (d.status = 'succeeded' or (d.status = 'failed' and d.error->>'stage' in ${sql(stagesAfter(kind))})) as passed,
        l.found and d.status = 'failed' and (d.error->>'stage' in ${sql(work[kind])}
          or (d.error->>'stage' is null and coalesce(d.error->>'code', '') !~ ${faultOfOthers(kind)})) as failed
      from registry_lookups l join deployments d on d.id = l.deployment_id join services s on s.id = d.service_id
      where l.kind = ${kind} and l.entry_id = ${id} and d.status not in ('queued', 'running') and s.deleted_at is null
      order by l.deployment_id desc limit ${countedDeployments}) looked_up
    group by version`;

  const lookups = (kind: EntryKind, id: string) => sql<Lookup[]>`
    select l.deployment_id as "deploymentId", d.service_id as "serviceId", l.version, d.status, l.found,
      l.worker_id as "workerId", (extract(epoch from l.at) * 1000)::float8 as at
    from registry_lookups l join deployments d on d.id = l.deployment_id
    where l.kind = ${kind} and l.entry_id = ${id} and l.deployment_id in (
      select distinct o.deployment_id from registry_lookups o join deployments od on od.id = o.deployment_id
        join services s on s.id = od.service_id
      where o.kind = ${kind} and o.entry_id = ${id} and s.deleted_at is null
      order by o.deployment_id desc limit ${shownDeployments})
    order by l.deployment_id desc, l.version desc`;

  return {
    async read(kind: EntryKind, id: string): Promise<RegistryUsage> {
      const [using, counted, looked] = await Promise.all([services(kind, id), counts(kind, id), lookups(kind, id)]);
      return {
        id,
        services: [...using],
        versions: versionsOf(using, counted),
        deployments: looked.map((lookup) => ({ ...lookup, at: new Date(lookup.at).toISOString() })),
      };
    },
  };
}

/** Newest first, as far as counting its numbers tells. */
function versionsOf(services: readonly Service[], counts: readonly Count[]): RegistryUsage['versions'] {
  const versions = [...new Set([...services, ...counts].map(({ version }) => version))];
  versions.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  return versions.map((version) => {
    const { deployments = 0, failed = 0 } = counts.find((each) => each.version === version) ?? {};
    return {
      version,
      services: services.filter((each) => each.version === version).length,
      deployments,
      failed,
      errorRate: deployments === 0 ? null : failed / deployments,
    };
  });
}
