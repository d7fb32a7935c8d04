import { messageOf, type Unavailable, UserError } from '@pierhead/model';
import Docker from 'dockerode';
import { callEngine } from './call-engine.js';

/** A connection to one Docker engine. */
export type Engine = Docker;

const pingLimitMs = 3_000;

/** Connects lazily to `unix:///path` or `tcp://host:port`; nothing is sent before the first call. */
export function connectEngine(dockerHost: string): Engine {
  return new Docker(parseHost(dockerHost));
}

/** Why the engine at `dockerHost` cannot be used, or null when it answers within three seconds. */
export async function engineUnavailable(dockerHost: string, signal: AbortSignal): Promise<Unavailable | null> {
  const limit = new AbortController();
  const stop = () => limit.abort();
  const timer = setTimeout(stop, pingLimitMs);
  signal.addEventListener('abort', stop, { once: true });
  try {
    await callEngine(connectEngine(dockerHost), { method: 'GET', path: '/_ping', signal: limit.signal });
    return null;
  } catch (error) {
    signal.throwIfAborted();
    const reason = limit.signal.aborted ? 'no answer in time' : messageOf(error);
    return {
      code: 'docker_unavailable',
      message: `No Docker engine answers at ${dockerHost}: ${reason}`,
      hint: 'Start Docker on this machine, or set DOCKER_HOST to an engine that this user may use.',
    };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/** Names every connection option, so that none is taken from the process environment. */
function parseHost(dockerHost: string): Docker.DockerOptions {
  const socket = /^unix:\/\/(\/[^\0]+)$/.exec(dockerHost)?.[1];
  if (socket) return { socketPath: socket, host: undefined, port: undefined, protocol: 'http' };
  const tcp = /^tcp:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})\/?$/.exec(dockerHost);
  if (tcp) return { host: tcp[1], port: Number(tcp[2]), protocol: 'http', socketPath: undefined };
  throw new UserError('docker_host_invalid', `${JSON.stringify(dockerHost)} is not a Docker host`, {
    hint: 'Write unix:///var/run/docker.sock or tcp://host:2375.',
  });
}
