import type { Storage } from '@pierhead/model';
import type { FastifyBaseLogger } from 'fastify';
import type { RouteSource } from './route-source.js';

export interface GatewayOptions {
  host: string;
  /** 0 takes a free port. */
  port: number;
  /** Health and metrics, on loopback unless `adminHost` says otherwise; 0 takes a free port. */
  adminPort: number;
  adminHost?: string;
  routeSource: RouteSource;
  storage: Pick<Storage, 'treePath'>;
  logger: FastifyBaseLogger;
  limits?: Partial<GatewayLimits>;
}

export interface GatewayLimits {
  /** Until an upstream accepts a connection. */
  connectMs: number;
  /** Until an upstream answers. */
  answerMs: number;
  /** Without a byte of an answer's body, or of a client's connection. */
  idleMs: number;
  /** Until a client has sent its headers. */
  requestHeadersMs: number;
  /** Until a client has sent its whole body. */
  requestMs: number;
  bodyBytes: number;
  /** For requests to a release that makes way for the next one, until that serves. */
  holdMs: number;
  /** For requests in flight when the gateway closes. */
  graceMs: number;
}

const minuteMs = 60_000;

export const defaultLimits: GatewayLimits = {
  connectMs: 3_000,
  answerMs: 2 * minuteMs,
  idleMs: 10 * minuteMs,
  requestHeadersMs: 30_000,
  requestMs: 60 * minuteMs,
  bodyBytes: 10 * 1024 ** 3,
  holdMs: minuteMs,
  graceMs: 4_000,
};
