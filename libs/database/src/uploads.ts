import type { KeptUpload } from '@pierhead/model';
import { eq, sql } from 'drizzle-orm';
import type { Database } from './connect.js';
import { newId } from './ids.js';
import { uploads } from './tables.js';

export type UploadRow = typeof uploads.$inferSelect;

/** How long an upload that nobody uses is kept after it was last uploaded. */
const uploadGraceSeconds = 24 * 60 * 60;

const idPattern = '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}';

export function uploadRepository({ orm, sql: raw }: Database) {
  /**
   * Ids that the configs of services and of deployments with an artifact or still to end name, wherever in them. All
   * that looks like an id is taken for one: nothing here knows which provider names uploads, or how.
   */
  const idsIn = (text: string) => raw.unsafe(`regexp_matches(${text}, '${idPattern}', 'g')`);
  const source = `(d.snapshot->'providerConfig')::text || coalesce((d.snapshot->'fallbackSources')::text, '')`;
  const named = raw`
    select distinct lower(found[1])::uuid as id from (
      select ${idsIn('s.provider_config::text || s.fallback_sources::text')} as found from services s where s.deleted_at is null
      union all
      select ${idsIn(source)} from deployments d where d.status in ('queued', 'running')
      union all
      select ${idsIn(source)} from deployments d where d.artifact is not null and d.artifact_discarded_at is null) texts`;

  return {
    async find(id: string): Promise<UploadRow | null> {
      return (await orm.select().from(uploads).where(eq(uploads.id, id)))[0] ?? null;
    },

    /** The same bytes give the same row, and renew it. */
    async save(upload: Pick<UploadRow, 'digest' | 'format' | 'bytes' | 'files'>): Promise<UploadRow> {
      const [row] = await orm
        .insert(uploads)
        .values({ id: newId(), ...upload })
        .onConflictDoUpdate({ target: uploads.digest, set: { renewedAt: sql`now()` } })
        .returning();
      return row!;
    },

    /** The largest first. */
    async list(limit: number): Promise<KeptUpload[]> {
      const rows = await raw<(Omit<KeptUpload, 'keptUntil'> & { keptUntil: number })[]>`
        with named as (${named})
        select u.id, u.digest, u.bytes::float8 as bytes, exists (select 1 from named n where n.id = u.id) as "inUse",
          ((extract(epoch from u.renewed_at) + ${uploadGraceSeconds}) * 1000)::float8 as "keptUntil"
        from uploads u order by u.bytes desc, u.id limit ${limit}`;
      return rows.map((row) => ({ ...row, keptUntil: new Date(row.keptUntil).toISOString() }));
    },

    async total(): Promise<{ count: number; bytes: number }> {
      const [row] = await raw<{ count: number; bytes: number }[]>`
        select count(*)::int as count, coalesce(sum(bytes), 0)::float8 as bytes from uploads`;
      return row!;
    },

    /**
     * Removes uploads that nobody names and that were last uploaded longer ago than the grace: first the bytes with
     * `remove`, then the row. Whoever would name one waits meanwhile: changing a service and asking for a deployment
     * both write to `services`, and an upload of the same bytes writes to the row.
     * @returns the digests
     */
    async removeUnused(
      remove: (digest: string) => Promise<void>,
      graceSeconds = uploadGraceSeconds,
    ): Promise<string[]> {
      const old = () => raw`u.renewed_at < now() - make_interval(secs => ${graceSeconds})`;
      const unused =
        await raw`with named as (${named}) select 1 from uploads u where ${old()} and u.id not in (select id from named) limit 1`;
      if (unused.length === 0) return [];
      return raw.begin(async (tx) => {
        await tx`set local lock_timeout = '2s'`;
        await tx`lock table services in share mode`;
        const rows = await tx<{ id: string; digest: string }[]>`
          with named as (${named}) select u.id, u.digest from uploads u
          where ${old()} and u.id not in (select id from named) order by u.id limit 100 for update of u`;
        for (const { digest } of rows) await remove(digest);
        if (rows.length > 0) await tx`delete from uploads where id in ${tx(rows.map((row) => row.id))}`;
        return rows.map((row) => row.digest);
      });
    },
  };
}
