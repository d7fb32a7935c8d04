import type { HostSettings, LogStream } from '@pierhead/model';
import type { SentError } from './sent-error.js';

/** One version of one entry of a plugin, as its thread finds it. */
export interface PluginPart {
  /** The URL of the plugin's first module. */
  entry: string;
  kind: 'provider' | 'builder' | 'runtime';
  id: string;
  version: string;
}

/** The methods of `Storage` that a plugin reaches from its thread. */
export const storageMethods = ['uploadFile', 'putTree', 'treePath', 'removeTree'] as const;
export type StorageMethod = (typeof storageMethods)[number];

/** Not a method of the instance: answers the names of those that it has. */
export const listMethods = '$methods';

/** `call` numbers a call, `ask` a question to the storage that a call puts. */
export type ToThread =
  | {
      type: 'call';
      call: number;
      method: string;
      args: unknown[];
      aborted: boolean;
      workspace?: string;
      host?: HostSettings;
    }
  | { type: 'abort'; call: number }
  | { type: 'more'; call: number; count: number }
  | { type: 'answer'; ask: number; value?: unknown; error?: SentError };

/** Values are JSON. */
export type FromThread =
  | { type: 'log'; call: number; text: string; stream: LogStream }
  | { type: 'ask'; call: number; ask: number; method: StorageMethod; argument: string }
  | { type: 'item'; call: number; value: string }
  | { type: 'result'; call: number; value: string | undefined }
  | { type: 'absent'; call: number }
  | { type: 'failed'; call: number; error: SentError };

/** How many items of a stream may be under way. */
export const streamWindow = 64;

/** How many questions to the storage one call may have open. */
export const maxAsks = 32;
export const tooManyAsks = `asked the storage more than ${maxAsks} times at once`;
