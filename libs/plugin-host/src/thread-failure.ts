import { reasonOf } from './reason.js';

/** Why a thread ended. */
export interface ThreadFailure {
  code: 'plugin_crashed' | 'plugin_failed' | 'plugin_out_of_memory' | 'plugin_timeout';
  message: string;
}

/** What the `error` event of a worker thread means. */
export function failureOf(error: unknown, memoryMb: number): ThreadFailure {
  const isMemory = (error as NodeJS.ErrnoException | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
  if (isMemory) return { code: 'plugin_out_of_memory', message: `needed more than ${memoryMb} MiB of memory` };
  return { code: 'plugin_crashed', message: `crashed: ${reasonOf(error)}` };
}

export const exited = (code: number): ThreadFailure => ({
  code: 'plugin_crashed',
  message: `ended its own thread with exit code ${code}`,
});
