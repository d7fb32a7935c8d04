import type { EntryKind } from '@pierhead/model';
import { and, asc, eq } from 'drizzle-orm';
import type { Database } from './connect.js';
import { disabledEntries } from './tables.js';

/** A registry entry that an administrator has switched off, in all its versions. */
export interface DisabledEntry {
  kind: EntryKind;
  entryId: string;
}

/** Changes are told on the channel `disabled_entries`. */
export function disabledEntryRepository({ orm }: Database) {
  return {
    /** By kind, then by id. */
    async list(): Promise<DisabledEntry[]> {
      return orm
        .select({ kind: disabledEntries.kind, entryId: disabledEntries.entryId })
        .from(disabledEntries)
        .orderBy(asc(disabledEntries.kind), asc(disabledEntries.entryId));
    },

    /** What is disabled or enabled already is fine. */
    async setEnabled({ kind, entryId }: DisabledEntry, enabled: boolean): Promise<void> {
      if (!enabled) return void (await orm.insert(disabledEntries).values({ kind, entryId }).onConflictDoNothing());
      await orm
        .delete(disabledEntries)
        .where(and(eq(disabledEntries.kind, kind), eq(disabledEntries.entryId, entryId)));
    },
  };
}
