import { and, desc, eq, inArray, lt } from 'drizzle-orm';
import type { Database } from './connect.js';
import { isId, newId } from './ids.js';
import { type Page, pageOf } from './page.js';
import { projects, services } from './tables.js';

export type ProjectRow = typeof projects.$inferSelect;

/** The name of the project that a service without one belongs to. */
export const defaultProject = 'default';

export function projectRepository({ orm, sql: raw }: Database) {
  const find = async (id: string): Promise<ProjectRow | null> =>
    (await orm.select().from(projects).where(eq(projects.id, id)))[0] ?? null;

  return {
    find,

    /** Newest first; `ids` are those to choose from, null means all. */
    async list(limit: number, before: string | null, ids: readonly string[] | null): Promise<Page<ProjectRow>> {
      const rows = await orm
        .select()
        .from(projects)
        .where(and(before ? lt(projects.id, before) : undefined, ids ? inArray(projects.id, [...ids]) : undefined))
        .orderBy(desc(projects.id))
        .limit(limit + 1);
      return pageOf(rows, limit);
    },

    /** The project that something belongs to; null when there is no such thing. */
    async of(kind: 'projects' | 'services' | 'deployments' | 'commands', id: string): Promise<string | null> {
      if (!isId(id)) return null;
      const [row] = await {
        projects: () => raw`select id from projects where id = ${id}`,
        services: () => raw`select project_id as id from services where id = ${id}`,
        deployments: () =>
          raw`select project_id as id from services where id = (select service_id from deployments where id = ${id})`,
        commands: () =>
          raw`select project_id as id from services where id = (select service_id from commands where id = ${id})`,
      }[kind]();
      return row?.id ?? null;
    },

    /** Null when the name is taken. */
    async create(name: string): Promise<ProjectRow | null> {
      return (await orm.insert(projects).values({ id: newId(), name }).onConflictDoNothing().returning())[0] ?? null;
    },

    /** The project that a service without one belongs to; made when first needed. */
    async ensureDefault(): Promise<ProjectRow> {
      await orm.insert(projects).values({ id: newId(), name: defaultProject }).onConflictDoNothing();
      const [row] = await orm.select().from(projects).where(eq(projects.name, defaultProject));
      return row!;
    },

    /** Null when there is no such project. */
    async rename(id: string, name: string): Promise<ProjectRow | 'taken' | null> {
      return orm.transaction(async (tx) => {
        const [other] = await tx.select().from(projects).where(eq(projects.name, name));
        if (other && other.id !== id) return 'taken';
        return (await tx.update(projects).set({ name }).where(eq(projects.id, id)).returning())[0] ?? null;
      });
    },

    /** False when services still belong to it. */
    async remove(id: string): Promise<boolean> {
      return orm.transaction(async (tx) => {
        await tx.select().from(projects).where(eq(projects.id, id)).for('update');
        const [used] = await tx.select({ id: services.id }).from(services).where(eq(services.projectId, id)).limit(1);
        if (used) return false;
        await tx.delete(projects).where(eq(projects.id, id));
        return true;
      });
    },
  };
}
