/** A page of rows in the order of their ids, newest first, and where the next one starts. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The id inside a cursor, or null when the cursor is not one of ours. */
export function idOfCursor(cursor: string): string | null {
  const id = Buffer.from(cursor, 'base64url').toString('latin1');
  return uuid.test(id) ? id : null;
}

/** Cuts `rows`, which were queried with one more than `limit`, into a page. */
export function pageOf<T extends { id: string }>(rows: T[], limit: number): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last ? Buffer.from(last.id).toString('base64url') : null };
}
