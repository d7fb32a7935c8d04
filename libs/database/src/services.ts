import type { Artifact } from '@pierhead/model';
import { and, desc, eq, ilike, inArray, isNull, lt, sql } from 'drizzle-orm';
import type { Database, Queries } from './connect.js';
import { type Page, pageOf } from './page.js';
import { deployments, hostnames, releases, services } from './tables.js';

type Columns = typeof services.$inferSelect;
export type ServiceRow = Columns & { hostnames: string[] };
export type NewService = Omit<typeof services.$inferInsert, 'nextNumber' | 'revision' | 'deletedAt'> & {
  hostnames: string[];
};

/** Why a service was not stored: a name or a hostname that another one has. */
export type Conflict = { conflict: 'name' } | { conflict: 'hostname'; hostname: string };

const production = 'production';

export function serviceRepository({ orm, sql: raw }: Database) {
  const withHostnames = async (rows: Columns[], queries: Queries = orm): Promise<ServiceRow[]> => {
    if (rows.length === 0) return [];
    const found = await queries
      .select()
      .from(hostnames)
      .where(
        inArray(
          hostnames.serviceId,
          rows.map((row) => row.id),
        ),
      )
      .orderBy(hostnames.hostname);
    return rows.map((row) => ({
      ...row,
      hostnames: found.filter((each) => each.serviceId === row.id).map((each) => each.hostname),
    }));
  };

  const setHostnames = async (tx: Queries, serviceId: string, wanted: string[]): Promise<Conflict | null> => {
    await tx.delete(hostnames).where(eq(hostnames.serviceId, serviceId));
    if (wanted.length === 0) return null;
    const stored = await tx
      .insert(hostnames)
      .values(wanted.map((hostname) => ({ hostname, serviceId })))
      .onConflictDoNothing()
      .returning();
    const taken = wanted.find((hostname) => !stored.some((row) => row.hostname === hostname));
    return taken ? { conflict: 'hostname', hostname: taken } : null;
  };

  /** Runs `work` in a transaction that a conflict rolls back. */
  const store = async (
    work: (tx: Queries) => Promise<ServiceRow | Conflict | null>,
  ): Promise<ServiceRow | Conflict | null> => {
    let outcome: ServiceRow | Conflict | null = null;
    await orm
      .transaction(async (tx) => {
        outcome = await work(tx);
        if (outcome && 'conflict' in outcome) tx.rollback();
      })
      .catch((error: unknown) => {
        if (!outcome || !('conflict' in outcome)) throw error;
      });
    return outcome;
  };

  const find = async (id: string): Promise<ServiceRow | null> => {
    const rows = await orm
      .select()
      .from(services)
      .where(and(eq(services.id, id), isNull(services.deletedAt)));
    return (await withHostnames(rows))[0] ?? null;
  };

  return {
    find,

    /** Newest first; `projects` are those to choose from, null means all. */
    async list(options: {
      limit: number;
      before: string | null;
      projects: readonly string[] | null;
      search?: string;
    }): Promise<Page<ServiceRow>> {
      const { limit, before, projects, search } = options;
      const within = projects ? inArray(services.projectId, [...projects]) : undefined;
      const matches = search ? ilike(services.name, `%${search.replace(/[\\%_]/g, '\\$&')}%`) : undefined;
      const rows = await orm
        .select()
        .from(services)
        .where(and(isNull(services.deletedAt), before ? lt(services.id, before) : undefined, within, matches))
        .orderBy(desc(services.id))
        .limit(limit + 1);
      const page = pageOf(rows, limit);
      return { ...page, items: await withHostnames(page.items) };
    },

    async create({ hostnames: wanted, ...values }: NewService): Promise<ServiceRow | Conflict> {
      const outcome = await store(async (tx) => {
        const [row] = await tx
          .insert(services)
          .values(values)
          .onConflictDoNothing({ target: services.name })
          .returning();
        if (!row) return { conflict: 'name' };
        return (await setHostnames(tx, row.id, wanted)) ?? { ...row, hostnames: [...wanted].sort() };
      });
      return outcome!;
    },

    /** Replaces what the service was at `revision`; null when it has changed or gone since. */
    async replace(
      id: string,
      revision: number,
      { hostnames: wanted, ...values }: Omit<NewService, 'id'>,
    ): Promise<ServiceRow | Conflict | null> {
      return store(async (tx) => {
        const [other] = await tx.select({ id: services.id }).from(services).where(eq(services.name, values.name));
        if (other && other.id !== id) return { conflict: 'name' };
        const [row] = await tx
          .update(services)
          .set({ ...values, revision: revision + 1, updatedAt: new Date() })
          .where(and(eq(services.id, id), eq(services.revision, revision), isNull(services.deletedAt)))
          .returning();
        if (!row) return null;
        return (await setHostnames(tx, id, wanted)) ?? { ...row, hostnames: [...wanted].sort() };
      });
    },

    /**
     * Takes the service out of sight and out of traffic at once, frees its names, and asks running
     * deployments to stop. A worker removes what it owns, then the row. False when there is none.
     */
    async remove(id: string): Promise<boolean> {
      return orm.transaction(async (tx) => {
        const rows = await tx
          .update(services)
          .set({ deletedAt: new Date(), name: sql`'deleted-' || ${services.id}` })
          .where(and(eq(services.id, id), isNull(services.deletedAt)))
          .returning({ id: services.id });
        if (rows.length === 0) return false;
        await tx.delete(hostnames).where(eq(hostnames.serviceId, id));
        await tx.delete(releases).where(eq(releases.serviceId, id));
        const now = new Date();
        await tx
          .update(deployments)
          .set({ status: 'canceled', finishedAt: now })
          .where(and(eq(deployments.serviceId, id), sql`status = 'queued'`));
        await tx
          .update(deployments)
          .set({ cancelRequestedAt: now })
          .where(and(eq(deployments.serviceId, id), sql`status = 'running'`));
        await tx.execute(sql`
          update commands set cancel_requested_at = coalesce(cancel_requested_at, now()),
            status = case when status = 'queued' then 'canceled' else status end,
            finished_at = case when status = 'queued' then now() end
          where service_id = ${id} and status in ('queued', 'running')`);
        return true;
      });
    },

    /** Removed services whose deployments and commands have all ended, each with the deployments that may have left something running. */
    async removed(): Promise<{ id: string; started: string[] }[]> {
      return raw<{ id: string; started: string[] }[]>`
        select s.id, array(select d.id from deployments d where d.service_id = s.id and d.instance is not null) as started
        from services s where s.deleted_at is not null
          and not exists (select 1 from deployments d where d.service_id = s.id and d.status = 'running')
          and not exists (select 1 from commands c where c.service_id = s.id and c.status in ('queued', 'running'))`;
    },

    /**
     * The artifacts that a service alone has, with the builders that made them; null while a build is under way
     * anywhere, for it may be about to make the same.
     */
    async ownArtifacts(id: string): Promise<{ builderId: string; artifact: Artifact }[] | null> {
      const [building] = await raw`select 1 from deployments where status = 'running' and artifact is null limit 1`;
      if (building) return null;
      return raw<{ builderId: string; artifact: Artifact }[]>`
        select distinct on (d.artifact->>'digest') d.snapshot->>'builderId' as "builderId", d.artifact
        from deployments d
        where d.service_id = ${id} and d.artifact is not null and d.artifact_discarded_at is null and not exists (
          select 1 from deployments o where o.service_id <> ${id} and o.artifact is not null and o.artifact_discarded_at is null
            and o.artifact->>'digest' = d.artifact->>'digest')`;
    },

    /** Forgets a removed service and all its history. */
    async forget(id: string): Promise<void> {
      await orm.delete(services).where(and(eq(services.id, id), sql`${services.deletedAt} is not null`));
    },

    /** What is live of each service, as the id of its deployment. */
    async liveDeployments(ids: string[], environment = production): Promise<Map<string, string>> {
      if (ids.length === 0) return new Map();
      const rows = await orm
        .select()
        .from(releases)
        .where(and(inArray(releases.serviceId, ids), eq(releases.environment, environment)));
      return new Map(rows.map((row) => [row.serviceId, row.deploymentId]));
    },
  };
}
