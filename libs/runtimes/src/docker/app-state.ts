import { type ContainerState, cannotExecute, containerLogs, type Engine, inspectContainer } from '@pierhead/docker';
import { type CallContext, type Instance, type OutputLine, UserError, WorldError } from '@pierhead/model';

import { sandboxOf } from './sandboxes.js';
import { notExecutable } from './start-failure.js';

const shownLines = 10;
const shownChars = 300;
const slackSeconds = 0.05;

export interface Running {
  /** Null when every container runs at the address that it is asked at: the engine gives a freed address to others. Else why health may still come. */
  wrong: string | null;
  /** How often containers were started again. */
  restarts: number;
}

/** Throws UserError when the app has ended, WorldError when it was stopped. */
export async function checkRunning(engine: Engine, instance: Instance, context: CallContext): Promise<Running> {
  const { signal } = context;
  const look = async (id: string) => {
    const state = await inspectContainer(engine, id, signal);
    const sandbox = state && sandboxOf(state);
    return { state, home: sandbox ? await inspectContainer(engine, sandbox, signal) : state };
  };
  const addresses = new Set<string>();
  let restarts = 0;
  for (const { state, home } of await Promise.all(instance.ids.map(look))) {
    if (!state) throw new UserError('app_removed', 'The container was removed from outside', { hint: 'Deploy again.' });
    if (!state.running) throw await ended(engine, state, signal);
    for (const address of Object.values(home?.addresses ?? {})) addresses.add(address);
    restarts += state.restarts;
  }
  const wrong = hasMoved(instance, addresses) ? 'the app has no address, or another one than before' : null;
  return { wrong, restarts };
}

const hasMoved = ({ ids, upstreams }: Instance, addresses: Set<string>) =>
  upstreams.length < ids.length || upstreams.some((each) => each.kind !== 'http' || !addresses.has(each.host));

/**
 * The failure of a container that has ended, with the last lines that it wrote. An app that is always started again and
 * stays down was stopped, by somebody or by the end of the engine.
 */
async function ended(engine: Engine, state: ContainerState, signal: AbortSignal): Promise<UserError | WorldError> {
  if (state.stopped) return stopped(state);
  const output = await lastLines(engine, state, signal);
  const details = { line: output.at(-1), hint: 'Read the last lines of its output; then run the image by hand.' };
  const last = output.at(-1);
  if (last && cannotExecute.test(last)) return notExecutable(engine, state.image, last);
  const shown = output.length ? `. Its last output:\n${output.join('\n')}` : ' without any output';
  const lack = killedForMemory(state);
  if (lack !== null) {
    const hint = 'Raise `resources.memoryBytes` of the service, or make the app use less.';
    return new UserError('app_out_of_memory', `${lack}${shown}`, { ...details, hint });
  }
  return new UserError('app_exited', `The app exited with code ${state.exitCode}${shown}`, details);
}

const stopped = ({ exitCode }: ContainerState) =>
  new WorldError('app_stopped', `The app was stopped from outside, and exited with code ${exitCode}`, {
    hint: 'See whether the Docker engine was restarted, or who stops containers on this machine.',
  });

const killed = 137;
const mebibyte = 1_048_576;

/** What is known of an end for want of memory; null for any other. The engine does not always learn why an app was killed. */
function killedForMemory({ outOfMemory, exitCode, memoryLimit }: ContainerState): string | null {
  const may = memoryLimit > 0 ? `the ${Math.floor(memoryLimit / mebibyte)} MiB that it may use` : 'there is';
  if (outOfMemory) return `The app used more memory than ${may}`;
  return exitCode === killed
    ? `The app was killed (exit code ${killed}), as happens when it needs more memory than ${may}`
    : null;
}

/** Of a run that ended: the engine may have started the container again already, no sooner than the slack. */
export async function lastLines(
  engine: Engine,
  { id, running, finishedAt }: ContainerState,
  signal: AbortSignal,
): Promise<string[]> {
  const lines: OutputLine[] = [];
  const options = { follow: false, tail: shownLines, ...(running ? {} : { until: finishedAt + slackSeconds }), signal };
  for await (const line of containerLogs(engine, id, options)) if (line.text.trim() !== '') lines.push(line);
  return lines.slice(-shownLines).map((line) => line.text.slice(0, shownChars));
}
