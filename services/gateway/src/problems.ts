import type { Problem } from './problem.js';

/** Every problem that the gateway answers with. Names in the texts have passed the host grammar. */
export const badHost: Problem = {
  status: 400,
  code: 'bad_host',
  detail: 'The request does not name exactly one valid host.',
  hint: 'Send one Host header with the hostname of the service.',
};
export const badTarget: Problem = {
  status: 400,
  code: 'bad_request_target',
  detail: 'The request target is not a path.',
  hint: 'Send a path that starts with a slash, such as GET /about.',
};
export const unsupportedEncoding: Problem = {
  status: 501,
  code: 'transfer_encoding_unsupported',
  detail: 'The only transfer coding understood here is chunked.',
  hint: 'Send the body with a Content-Length, or chunked.',
};
export const unsupportedUpgrade: Problem = {
  status: 501,
  code: 'upgrade_unsupported',
  detail: 'The only protocol to upgrade to is websocket.',
  hint: 'Send the request without an Upgrade header.',
};
export const notLoaded: Problem = {
  status: 503,
  code: 'routes_not_loaded',
  detail: 'The gateway has just started and has not read its routes yet.',
  hint: 'Try again in a moment. If it stays, check that the gateway reaches its database.',
};
export const unknownHost = (hostname: string): Problem => ({
  status: 404,
  code: 'unknown_hostname',
  detail: `No live release answers at ${hostname}.`,
  hint: 'Check the spelling, deploy the service once, or add this hostname to a service.',
});
export const noUpstreams = (hostname: string): Problem => ({
  status: 503,
  code: 'no_upstreams',
  detail: `The release at ${hostname} has no running instance.`,
  hint: 'Start or deploy the service again.',
});
export const filesOnly = (hostname: string): Problem => ({
  status: 400,
  code: 'websocket_not_served',
  detail: `The release at ${hostname} is a set of files and accepts no WebSocket.`,
  hint: 'Connect to a service that runs a server.',
});
export const bodyTooLarge = (limitBytes: number): Problem => ({
  status: 413,
  code: 'body_too_large',
  detail: `The request body is larger than the limit of ${limitBytes} bytes.`,
  hint: 'Send less, or in parts.',
});
export const badBody: Problem = {
  status: 400,
  code: 'bad_request_body',
  detail: 'The request body ended early or does not match its Content-Length.',
  hint: 'Send the request again, whole.',
};
export const upstreamUnreachable = (hostname: string): Problem => ({
  status: 502,
  code: 'upstream_unreachable',
  detail: `The release at ${hostname} accepts no connection.`,
  hint: "It may have crashed: read the service's logs, then deploy it again.",
});
export const upstreamFailed = (hostname: string): Problem => ({
  status: 502,
  code: 'upstream_failed',
  detail: `The release at ${hostname} closed the connection or answered with invalid HTTP.`,
  hint: "Read the service's logs for an error at this time.",
});
export const upstreamTimeout = (hostname: string): Problem => ({
  status: 504,
  code: 'upstream_timeout',
  detail: `The release at ${hostname} did not answer in time.`,
  hint: 'Try again; if it stays, look for what the service is waiting for.',
});
