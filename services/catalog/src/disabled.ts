import type { EntryKind } from '@pierhead/model';

/** Whether an entry is switched off, in all its versions. */
export type IsDisabled = (kind: EntryKind, id: string) => boolean;

/** What the api has told with a request: the catalog itself keeps no such thing. */
export function disabledBy(header: string | string[] | undefined): IsDisabled {
  const names = new Set(String(header ?? '').split(','));
  return (kind, id) => names.has(`${kind}/${id}`);
}
