import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import type { TestFile } from './find-test-files.js';
import { type Failure, readTap, type Tally } from './read-tap.js';

/** For files that hang so hard that tap's own limit cannot fire. */
const hardLimitMs = 300_000;
const faultsLimitMs = 4 * 3_600_000;
const maxErrorOutput = 20_000;

export interface Outcome extends Tally {
  file: TestFile;
  durationMs: number;
  /** The end of what the file wrote to stderr. */
  errorOutput: string;
}

/** Runs one compiled test file in a process group of its own and counts what it says. */
export async function runFile(file: TestFile, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Outcome> {
  const startedAt = Date.now();
  const built = await access(file.compiled).then(
    () => true,
    () => false,
  );
  if (!built)
    return { ...failed('it is not built: its compiled file is missing'), file, durationMs: 0, errorOutput: '' };

  const child = spawn(process.execPath, ['--enable-source-maps', file.compiled], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors = tail(child.stderr);
  const { input, finished } = readTap();
  child.stdout.pipe(input);
  const limit = AbortSignal.any([
    signal,
    AbortSignal.timeout(file.source.endsWith('.fault.test.ts') ? faultsLimitMs : hardLimitMs),
  ]);
  const stop = () => endGroup(child.pid);
  limit.addEventListener('abort', stop, { once: true });
  const [code, killedBy] = (await once(child, 'exit')) as [number | null, string | null];
  limit.removeEventListener('abort', stop);
  // Whatever the file started and left behind holds its output open, and has no business any more.
  signalGroup(child.pid, 'SIGKILL');
  const tally = withExit(await finished, code, killedBy);
  return { ...tally, file, durationMs: Date.now() - startedAt, errorOutput: errors() };
}

const failed = (name: string): Tally => ({ passed: 0, skips: [], measured: [], failures: [failure(name)] });
const failure = (name: string): Failure => ({ name, details: {} });

function withExit(tally: Tally, code: number | null, killedBy: string | null): Tally {
  if (killedBy) return { ...tally, failures: [...tally.failures, failure(`the process was ended by ${killedBy}`)] };
  if (code === 0 || tally.failures.length > 0) return tally;
  return { ...tally, failures: [failure(`the process exited with code ${code}`)] };
}

function endGroup(pid: number | undefined): void {
  signalGroup(pid, 'SIGTERM');
  setTimeout(() => signalGroup(pid, 'SIGKILL'), 5_000).unref();
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid) process.kill(-pid, signal);
  } catch {
    // The group is empty.
  }
}

function tail(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-maxErrorOutput);
  });
  return () => text.trim();
}
