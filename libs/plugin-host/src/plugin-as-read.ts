import type { Problem } from '@pierhead/model';

/** What of a manifest can be sent from one thread to another: its facts, and which functions it has. */
export interface ReadManifest {
  facts: Record<string, unknown>;
  functions: string[];
}

/** What was found out about a plugin. With problems nothing of it is used. */
export interface ReadPlugin {
  source: string;
  name: string | null;
  version: string | null;
  /** The URL of its first module. */
  entry: string | null;
  /** Its lists, unchecked; null in the place of what is no manifest. */
  exported: Record<string, (ReadManifest | null)[]>;
  problems: Problem[];
}

export const unread = (source: string): ReadPlugin => ({
  source,
  name: null,
  version: null,
  entry: null,
  exported: {},
  problems: [],
});

export const fault = (code: string, message: string): Problem => ({ path: '', code, message });
