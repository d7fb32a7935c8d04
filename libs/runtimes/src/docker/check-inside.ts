import { type Engine, runInside, statusOf } from '@pierhead/docker';
import { messageOf } from '@pierhead/model';

const outputBytes = 2_000;
const shownChars = 300;

/** Null when a command succeeds inside of a container; else what it said, or that it did not. */
export async function checkInside(
  engine: Engine,
  id: string,
  command: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | null> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const { exitCode, output } = await runInside(engine, id, command, outputBytes, limit);
    if (exitCode === 0) return null;
    const said = output.trim().split('\n').at(-1)?.slice(0, shownChars);
    return `the image\u2019s HEALTHCHECK ended with exit code ${exitCode}${said ? `: ${said}` : ''}`;
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted) return 'the image\u2019s HEALTHCHECK did not end in time';
    // The container ended meanwhile, as the next probe tells, or the command is not in it.
    if (statusOf(error) !== null) return `the image\u2019s HEALTHCHECK could not be run: ${messageOf(error)}`;
    throw error;
  }
}
