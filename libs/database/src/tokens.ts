import { and, desc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm';
import type { Database } from './connect.js';
import { newId } from './ids.js';
import { type Page, pageOf } from './page.js';
import { tokens } from './tables.js';

type Columns = typeof tokens.$inferSelect;
/** A token without what could prove it. */
export type TokenRow = Omit<Columns, 'hash'>;

const { id, name, scopes, projects, expiresAt, lastUsedAt, createdAt } = tokens;
const columns = { id, name, scopes, projects, expiresAt, lastUsedAt, createdAt };

export function tokenRepository({ orm }: Database) {
  /** Once a minute is enough: every request of a token would be a write otherwise. */
  const touch = (row: TokenRow) =>
    orm
      .update(tokens)
      .set({ lastUsedAt: sql`now()` })
      .where(and(eq(tokens.id, row.id), unusedForAMinute));

  return {
    /** Null when the name is taken. */
    async create(
      token: Pick<Columns, 'name' | 'hash' | 'scopes' | 'projects' | 'expiresAt'>,
    ): Promise<TokenRow | null> {
      const values = { id: newId(), ...token };
      const rows = await orm.insert(tokens).values(values).onConflictDoNothing({ target: name }).returning(columns);
      return rows[0] ?? null;
    },

    /** The token with this hash, unless it has expired by the database's clock; notes that it was used. */
    async findValid(hash: string): Promise<TokenRow | null> {
      const valid = and(eq(tokens.hash, hash), or(isNull(expiresAt), gt(expiresAt, sql`now()`)));
      const [row] = await orm
        .select({ ...columns, stale: sql<boolean>`${unusedForAMinute}` })
        .from(tokens)
        .where(valid);
      if (!row) return null;
      const { stale, ...token } = row;
      if (stale) await touch(token);
      return token;
    },

    async list(limit: number, before: string | null): Promise<Page<TokenRow>> {
      const rows = await orm
        .select(columns)
        .from(tokens)
        .where(before ? lt(id, before) : undefined)
        .orderBy(desc(id))
        .limit(limit + 1);
      return pageOf(rows, limit);
    },

    /** What was removed; null when there is no such token. */
    async remove(tokenId: string): Promise<TokenRow | null> {
      return (await orm.delete(tokens).where(eq(id, tokenId)).returning(columns))[0] ?? null;
    },
  };
}

const unusedForAMinute = sql`(${lastUsedAt} is null or ${lastUsedAt} < now() - interval '1 minute')`;
