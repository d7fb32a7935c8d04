import { and, desc, eq, gte, lt } from 'drizzle-orm';
import type { Database } from './connect.js';
import { newId } from './ids.js';
import { type Page, pageOf } from './page.js';
import { auditEntries } from './tables.js';

export type AuditRow = typeof auditEntries.$inferSelect;
export type NewAuditEntry = Omit<AuditRow, 'id' | 'at'>;

interface AuditFilter {
  limit: number;
  before: string | null;
  actor?: string | undefined;
  action?: string | undefined;
  targetId?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
}

/** Entries are only ever added and read: the database refuses the rest. */
export function auditRepository({ orm }: Database) {
  return {
    async append(entry: NewAuditEntry): Promise<void> {
      await orm.insert(auditEntries).values({ id: newId(), ...entry });
    },

    /** Newest first; `from` is included, `to` is not. */
    async list({ limit, before, actor, action, targetId, from, to }: AuditFilter): Promise<Page<AuditRow>> {
      const { id, at } = auditEntries;
      const rows = await orm
        .select()
        .from(auditEntries)
        .where(
          and(
            before ? lt(id, before) : undefined,
            actor === undefined ? undefined : eq(auditEntries.actor, actor),
            action === undefined ? undefined : eq(auditEntries.action, action),
            targetId === undefined ? undefined : eq(auditEntries.targetId, targetId),
            from && gte(at, from),
            to && lt(at, to),
          ),
        )
        .orderBy(desc(id))
        .limit(limit + 1);
      return pageOf(rows, limit);
    },
  };
}
