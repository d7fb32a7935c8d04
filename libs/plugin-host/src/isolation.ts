import type { CallContext } from '@pierhead/model';
import type { PluginLimits } from './plugin-limits.js';
import type { Slots } from './slots.js';
import type { PluginPart } from './thread-messages.js';
import type { Threads } from './threads.js';

/** What all instances of a process share. */
export interface Isolation {
  limits: PluginLimits;
  threads: Threads;
  /** For calls that are under way, except those that clean up. */
  calls: Slots;
}

export interface NamedPart extends PluginPart {
  /** What users know the plugin by. */
  plugin: string;
}

/** All that a call may bring along; `unavailable` and migrations bring less. */
export type Given = Partial<CallContext>;
