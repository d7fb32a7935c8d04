import { get } from 'node:http';
import { connect } from 'node:net';
import type { Look, Upstream } from '@pierhead/model';

type Server = Extract<Upstream, { kind: 'http' }>;

/** Null when the server is well; else what is wrong with it. */
export async function lookAt(server: Server, look: Look, signal: AbortSignal): Promise<string | null> {
  const limit = new AbortController();
  const stop = () => limit.abort();
  const timer = setTimeout(stop, look.timeoutSeconds * 1_000);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await (look.path ? askPath(server, look.path, look.statuses, limit.signal) : openPort(server, limit.signal));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

const unanswered = ({ port }: Server, limit: AbortSignal) =>
  limit.aborted ? `port ${port} did not answer in time` : `nothing listens on port ${port}`;

function askPath(server: Server, path: string, statuses: string, limit: AbortSignal): Promise<string | null> {
  const { host, port } = server;
  return new Promise((resolve) => {
    const request = get({ host, port, path, agent: false, signal: limit, headers: { 'user-agent': 'pierhead' } });
    request.on('response', (response) => {
      const status = response.statusCode ?? 0;
      resolve(isAmong(status, statuses) ? null : `GET ${path} answered ${status}, not ${statuses}`);
      response.destroy();
    });
    request.on('error', () => resolve(unanswered(server, limit)));
  });
}

function isAmong(status: number, statuses: string): boolean {
  return statuses.split(',').some((range) => {
    const [from = 0, to = from] = range.split('-').map(Number);
    return from <= status && status <= to;
  });
}

function openPort(server: Server, limit: AbortSignal): Promise<string | null> {
  const { host, port } = server;
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal: limit });
    const settle = (answer: string | null) => {
      resolve(answer);
      socket.destroy();
    };
    socket.on('connect', () => settle(null));
    socket.on('error', () => settle(unanswered(server, limit)));
  });
}
