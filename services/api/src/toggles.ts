import { type Database, type DisabledEntry, disabledEntryRepository, listen } from '@pierhead/database';

/** Which registry entries are switched off, as every call to the catalog tells it. */
export interface Toggles {
  /** `builder/dockerfile,provider/git`, sorted; undefined when nothing is switched off. */
  header(): string | undefined;
  setEnabled(entry: DisabledEntry, enabled: boolean): Promise<void>;
  close(): Promise<void>;
}

/**
 * Follows what this api and others switch.
 * @param onChange called after each change, and whenever one may have been missed
 * @param onError what follows a notification failed; the next one makes up for it
 */
export async function createToggles(
  database: Database,
  onChange: () => void,
  onError: (error: unknown) => void,
): Promise<Toggles> {
  const entries = disabledEntryRepository(database);
  let header: string | undefined;
  let asked = 0;
  let answered = 0;
  /** Of two answers, the one that was asked for later counts, whichever comes last. */
  const refresh = async () => {
    const turn = ++asked;
    const disabled = await entries.list();
    if (turn < answered) return;
    answered = turn;
    header = headerOf(disabled);
    onChange();
  };
  const follow = () => void refresh().catch(onError);
  const stop = await listen(database, 'disabled_entries', follow, follow);
  await refresh();
  return {
    header: () => header,
    async setEnabled(entry, enabled) {
      await entries.setEnabled(entry, enabled);
      await refresh();
    },
    close: stop,
  };
}

const headerOf = (disabled: readonly DisabledEntry[]): string | undefined =>
  disabled
    .map(({ kind, entryId }) => `${kind}/${entryId}`)
    .sort()
    .join(',') || undefined;
