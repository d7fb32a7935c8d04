import { Agent } from 'node:http';
import { UserError } from '@pierhead/model';
import Docker from 'dockerode';

/** A connection to one Docker engine. */
export type Engine = Docker;

/** Connects lazily to `unix:///path` or `tcp://host:port`; nothing is sent before the first call. */
export function connectEngine(dockerHost: string): Engine {
  return new Docker(parseHost(dockerHost));
}

/** The same, over no connection that is open already. */
export function connectAfresh(dockerHost: string): Engine {
  const engine = connectEngine(dockerHost);
  Object.assign(engine.modem, { agent: new Agent() });
  return engine;
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
