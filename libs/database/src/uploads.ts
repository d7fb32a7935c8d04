import { eq } from 'drizzle-orm';
import type { Database } from './connect.js';
import { newId } from './ids.js';
import { uploads } from './tables.js';

export type UploadRow = typeof uploads.$inferSelect;

export function uploadRepository({ orm }: Database) {
  return {
    async find(id: string): Promise<UploadRow | null> {
      return (await orm.select().from(uploads).where(eq(uploads.id, id)))[0] ?? null;
    },

    /** The same bytes give the same row. */
    async save(upload: Pick<UploadRow, 'digest' | 'format' | 'bytes' | 'files'>): Promise<UploadRow> {
      await orm
        .insert(uploads)
        .values({ id: newId(), ...upload })
        .onConflictDoNothing();
      const [row] = await orm.select().from(uploads).where(eq(uploads.digest, upload.digest));
      return row!;
    },
  };
}
