import { desc, eq, lt } from 'drizzle-orm';
import type { Database } from './connect.js';
import { newId } from './ids.js';
import { type Page, pageOf } from './page.js';
import { projects, services } from './tables.js';

export type ProjectRow = typeof projects.$inferSelect;

const defaultName = 'default';

export function projectRepository({ orm }: Database) {
  const find = async (id: string): Promise<ProjectRow | null> =>
    (await orm.select().from(projects).where(eq(projects.id, id)))[0] ?? null;

  return {
    find,

    async list(limit: number, before: string | null): Promise<Page<ProjectRow>> {
      const rows = await orm
        .select()
        .from(projects)
        .where(before ? lt(projects.id, before) : undefined)
        .orderBy(desc(projects.id))
        .limit(limit + 1);
      return pageOf(rows, limit);
    },

    /** Null when the name is taken. */
    async create(name: string): Promise<ProjectRow | null> {
      return (await orm.insert(projects).values({ id: newId(), name }).onConflictDoNothing().returning())[0] ?? null;
    },

    /** The project that a service without one belongs to; made when first needed. */
    async ensureDefault(): Promise<ProjectRow> {
      await orm.insert(projects).values({ id: newId(), name: defaultName }).onConflictDoNothing();
      const [row] = await orm.select().from(projects).where(eq(projects.name, defaultName));
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
