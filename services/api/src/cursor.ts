import { idOfCursor } from '@pierhead/database';
import { HttpProblem } from '@pierhead/http';

/** The id that a page starts after, or null for the first page. Throws on a cursor that is not one of ours. */
export function cursorId(cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const id = idOfCursor(cursor);
  if (!id) throw invalidCursor();
  return id;
}

export const invalidCursor = () =>
  new HttpProblem(
    400,
    'invalid_cursor',
    'The cursor is not one that a list has answered with: leave it out to start from the beginning.',
  );
