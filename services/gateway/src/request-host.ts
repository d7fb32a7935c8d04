import type { IncomingMessage } from 'node:http';

const hostGrammar = /^([a-z0-9_.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/;

/** The hostname that a request asks for, lower-cased and without its port; null unless there is exactly one. */
export function hostnameOf(request: IncomingMessage): string | null {
  const host = soleHost(request.rawHeaders);
  return host === null ? null : (hostGrammar.exec(host.toLowerCase())?.[1] ?? null);
}

// Node's own `headers.host` hides repetitions.
function soleHost(rawHeaders: readonly string[]): string | null {
  let found: string | null = null;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name === undefined || name.length !== 4 || name.toLowerCase() !== 'host') continue;
    if (found !== null) return null;
    found = rawHeaders[at + 1] ?? null;
  }
  return found;
}
