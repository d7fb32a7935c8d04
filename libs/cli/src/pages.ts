import { dataOf } from '@pierhead/client';

interface Page<T> {
  items: T[];
  nextCursor: string | null;
}
type Ask<T> = (query: { limit: number; cursor?: string }) => Promise<{ data?: Page<T> }>;

/** Everything that a list holds, page after page. */
export async function allItems<T>(ask: Ask<T>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await dataOf(ask({ limit: 200, ...(cursor ? { cursor } : {}) }));
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor);
  return items;
}
