import { codeOf, hasNeverArrived } from './exchange.js';
import type { Problem } from './problem.js';
import { badBody, bodyTooLarge, upstreamFailed, upstreamTimeout, upstreamUnreachable } from './problems.js';

const timeouts = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'ETIMEDOUT', 'handshake_timeout']);

/** What a client is told when a request to an upstream failed with `cause`. */
export function upstreamProblem(cause: unknown, hostname: string, bodyLimitBytes: number): Problem {
  const code = codeOf(cause);
  if (code === 'body_too_large') return bodyTooLarge(bodyLimitBytes);
  if (code === 'bad_request_body' || code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') return badBody;
  if (timeouts.has(code)) return upstreamTimeout(hostname);
  return hasNeverArrived(cause) ? upstreamUnreachable(hostname) : upstreamFailed(hostname);
}
