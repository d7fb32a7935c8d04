const minute = 60_000;

/** How long a call of each method may take, in milliseconds; `build`, `fetchSource` and `run` end with their signal too. */
const callMs: Readonly<Record<string, number>> = {
  validateConfig: 10_000,
  unavailable: 10_000,
  $methods: 10_000,
  fills: 10_000,
  notices: 10_000,
  migrateConfig: 5_000,
  dispose: 5_000,
  resolveRevision: 2 * minute,
  fetchSource: 60 * minute,
  build: 60 * minute,
  run: 25 * 60 * minute,
};

/** What a plugin may take of a process that it runs in. Times are in milliseconds. */
export interface PluginLimits {
  /** To be read, in a thread that reads several; who takes longer is read once more, alone. */
  readTogetherMs: number;
  /** To be read, in a thread of its own. */
  readAloneMs: number;
  /** From the abort of a call, or the end of its time, until its thread is ended. */
  graceMs: number;
  /** The JavaScript heap of one thread, in MiB. */
  memoryMb: number;
  /** How many calls of a process may be under way; more wait. What a deployment holds is bounded by its worker. */
  callsAtOnce: number;
  /** How long a call waits for another to end; it counts as time of the call. */
  waitMs: number;
  /** By method, where it is another than usual. */
  callMs: Readonly<Record<string, number>>;
}

export const pluginLimits: PluginLimits = {
  readTogetherMs: 1_000,
  readAloneMs: 10_000,
  graceMs: 5_000,
  memoryMb: 512,
  callsAtOnce: Number.POSITIVE_INFINITY,
  waitMs: 5_000,
  callMs,
};

export const callLimit = (limits: PluginLimits, method: string) =>
  limits.callMs[method] ?? callMs[method] ?? 2 * minute;
