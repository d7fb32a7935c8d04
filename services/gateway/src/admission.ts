import type { IncomingMessage } from 'node:http';
import type { Route } from '@pierhead/model';
import { declaresMoreThan } from './body-limit.js';
import type { Problem } from './problem.js';
import { badHost, badTarget, bodyTooLarge, notLoaded, unknownHost, unsupportedEncoding } from './problems.js';
import { hostnameOf } from './request-host.js';
import type { RouteTable } from './route-table.js';

/** The route for a request, or why it goes nowhere. */
export type Admission = { route: Route; problem: null } | { route: null; problem: Problem };

/** Decides on the headers alone. */
export function admit(request: IncomingMessage, table: RouteTable, bodyLimitBytes: number): Admission {
  const hostname = hostnameOf(request);
  if (hostname === null) return refuse(badHost);
  if (!request.url?.startsWith('/')) return refuse(badTarget);
  if (!hasPlainFraming(request)) return refuse(unsupportedEncoding);
  if (declaresMoreThan(bodyLimitBytes, request)) return refuse(bodyTooLarge(bodyLimitBytes));
  const route = table.lookup(hostname);
  if (route) return { route, problem: null };
  return refuse(table.loaded ? unknownHost(hostname) : notLoaded);
}

const refuse = (problem: Problem): Admission => ({ route: null, problem });

// Any other coding would reach the upstream without the header that declares it.
const hasPlainFraming = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] === undefined || headers['transfer-encoding'].toLowerCase() === 'chunked';
