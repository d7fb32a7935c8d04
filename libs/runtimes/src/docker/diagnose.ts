import { type Engine, inspectContainer, type ListeningSocket, listeningSockets } from '@pierhead/docker';
import { type CallContext, type Diagnosis, type Instance, unexplained } from '@pierhead/model';
import { lastLines } from './app-state.js';

/** Why an app that runs is not well: it listens elsewhere, or whatever it says itself in its last lines. */
export async function diagnose(
  engine: Engine,
  { ids: [id = ''], upstreams: [upstream] }: Instance,
  reason: string,
  { signal }: CallContext,
): Promise<Diagnosis> {
  const port = upstream?.kind === 'http' ? upstream.port : 0;
  const state = await inspectContainer(engine, id, signal);
  if (!state) return unexplained(reason);
  const [sockets, output] = await Promise.all([
    listeningSockets(state),
    lastLines(engine, state, signal).catch(() => null),
  ]);
  const { message, ...finding } = (sockets && misplaced(sockets, port)) ?? unexplained(reason);
  if (!output) return { ...finding, message };
  const line = output.at(-1);
  const shown = output.length > 0 ? `. Its last output:\n${output.join('\n')}` : ', and it wrote nothing';
  return { ...finding, message: message + shown, ...(line ? { line } : {}) };
}

/**
 * Null when something listens on the port where it can be reached, or nowhere that can be reached: on a loopback there
 * may be a debugger, and the engine's own name server.
 */
function misplaced(sockets: readonly ListeningSocket[], port: number): Diagnosis | null {
  const onPort = sockets.filter((socket) => socket.port === port);
  if (onPort.some(({ loopback }) => !loopback)) return null;
  if (onPort.length > 0)
    return {
      code: 'app_on_loopback',
      message: `it listens on port ${port} of 127.0.0.1 only, which nothing outside of its container reaches`,
      hint: 'Make the app listen on 0.0.0.0, not on localhost or 127.0.0.1.',
    };
  const reached = sockets.filter(({ loopback }) => !loopback).map((socket) => socket.port);
  if (reached.length === 0) return null;
  const ports = [...new Set(reached)].sort((a, b) => a - b);
  return {
    code: 'app_on_other_port',
    message: `nothing listens on port ${port}, but the app does on ${ports.join(', ')}`,
    hint: `Set the port of the service to ${ports[0]}, or make the app listen on the variable PORT.`,
  };
}
