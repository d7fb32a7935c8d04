import { callEngine, openStream } from './call-engine.js';
import type { Engine } from './connect-engine.js';
import { framesOf } from './container-logs.js';
import { ask } from './engine-error.js';

export interface Execution {
  exitCode: number;
  /** The last of what it wrote, as much as was asked for. */
  output: string;
}

/**
 * Runs a command in a container that runs, as the container's own user, and waits for its end. An abort leaves it
 * running: the engine cannot stop it.
 * @param outputBytes how much of the end of its output to keep
 */
export async function runInside(
  engine: Engine,
  id: string,
  command: readonly string[],
  outputBytes: number,
  signal: AbortSignal,
): Promise<Execution> {
  const body = { Cmd: command, AttachStdout: true, AttachStderr: true };
  const path = `/containers/${id}/exec`;
  const { Id } = await callEngine<{ Id: string }>(engine, { method: 'POST', path, body, signal });
  const start = { method: 'POST', path: `/exec/${Id}/start`, body: { Detach: false, Tty: false }, signal } as const;
  const output = await ask(lastOutput(await openStream(engine, start), outputBytes));
  const { ExitCode } = await callEngine<{ ExitCode: number }>(engine, {
    method: 'GET',
    path: `/exec/${Id}/json`,
    signal,
  });
  return { exitCode: ExitCode, output: output.toString() };
}

async function lastOutput(stream: AsyncIterable<Buffer>, bytes: number): Promise<Buffer> {
  let output = Buffer.alloc(0);
  for await (const frames of framesOf(stream))
    for (const { payload } of frames) output = Buffer.concat([output, payload.subarray(-bytes)]).subarray(-bytes);
  return output;
}
