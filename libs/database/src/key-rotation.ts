import type { Database } from './connect.js';
import type { Secrets } from './secrets.js';

/** The row after which a rotation goes on. Services come first: new deployments are made of them. */
export interface RotationPlace {
  table: 'services' | 'deployments';
  after: string;
}

/** What became of the secrets of some rows. */
export interface RotationStep {
  sealed: number;
  resealed: number;
  /** The service and the key of each secret that does not open. */
  unknown: { serviceId: string; keyId: string }[];
  /** Null when there are no more rows. */
  next: RotationPlace | null;
}

const start = '00000000-0000-0000-0000-000000000000';
const mark = '"$sealed": "';

/** Seals anew, with the key in use, what older ones have sealed: everywhere that sealed secrets are stored. */
export function keyRotationRepository({ sql: raw }: Database, secrets: Secrets) {
  const ownMark = `${mark}${secrets.keyId}.`;
  const configs = raw`jsonb_build_array(provider_config, builder_config, runtime_config, fallback_sources, variables)`;

  /** How many secrets each of the next rows has, and how many of them the key in use has sealed. */
  const pageOf = ({ table, after }: RotationPlace, batch: number) => {
    const content = table === 'services' ? configs : raw`snapshot`;
    const count = (text: string) =>
      raw`(length(content) - length(replace(content, ${text}, ''))) / length(${text}::text)`;
    return raw<{ id: string; sealed: number; own: number }[]>`
      with page as (select id, (${content})::text as content from ${raw(table)} where id > ${after} order by id limit ${batch})
      select id, ${count(mark)} as sealed, ${count(ownMark)} as own from page order by id`;
  };

  /** Nobody changes the service meanwhile. Its revision stays: to its users nothing has changed. */
  const resealService = (id: string) =>
    raw.begin(async (tx) => {
      const [row] = await tx<{ content: unknown[] }[]>`
        select ${configs} as content from services where id = ${id} for no key update`;
      if (!row) return null;
      const { value, ...counts } = secrets.reseal(row.content, id);
      const [provider, builder, runtime, fallbacks, variables] = value.map((each) => JSON.stringify(each)) as Five;
      if (counts.resealed > 0)
        await tx`update services set provider_config = ${provider}::jsonb, builder_config = ${builder}::jsonb,
          runtime_config = ${runtime}::jsonb, fallback_sources = ${fallbacks}::jsonb, variables = ${variables}::jsonb
          where id = ${id}`;
      return { serviceId: id, ...counts };
    });

  /** Its service is held as well: a rollback copies the snapshot either before this, and is met later, or after it. */
  const resealDeployment = (id: string) =>
    raw.begin(async (tx) => {
      const [service] = await tx<{ id: string }[]>`
        select id from services where id = (select service_id from deployments where id = ${id}) for share`;
      const [row] = await tx<{ snapshot: unknown }[]>`
        select snapshot from deployments where id = ${id} for no key update`;
      if (!service || !row) return null;
      const { value, ...counts } = secrets.reseal(row.snapshot, service.id);
      if (counts.resealed > 0)
        await tx`update deployments set snapshot = ${JSON.stringify(value)}::jsonb where id = ${id}`;
      return { serviceId: service.id, ...counts };
    });

  const reseal = { services: resealService, deployments: resealDeployment };

  return {
    /** Goes on for one batch of rows, each in a transaction of its own: it may end anywhere, and begin again. */
    async step(from: RotationPlace | null, batch = 100): Promise<RotationStep> {
      const place = from ?? { table: 'services', after: start };
      const rows = await pageOf(place, batch);
      const step: RotationStep = { sealed: 0, resealed: 0, unknown: [], next: nextOf(place, rows) };
      for (const { id, sealed, own } of rows) {
        const outcome = sealed > own ? await reseal[place.table](id) : null;
        step.sealed += outcome?.sealed ?? own;
        step.resealed += outcome?.resealed ?? 0;
        for (const keyId of outcome?.unknown ?? []) step.unknown.push({ serviceId: outcome!.serviceId, keyId });
      }
      return step;
    },
  };
}

type Five = [string, string, string, string, string];

/** Only an empty page is the last one: a deployment may have come while the rows of this one were sealed anew. */
function nextOf({ table }: RotationPlace, rows: readonly { id: string }[]): RotationPlace | null {
  const last = rows.at(-1);
  if (last) return { table, after: last.id };
  return table === 'services' ? { table: 'deployments', after: start } : null;
}
