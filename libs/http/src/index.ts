export type { App } from './app.js';
export { bearerToken, type Identity, requireToken, scopeOf, type Verify } from './bearer-auth.js';
export { createServer, type ServerOptions } from './create-server.js';
export { lastEventId, type ServerEvent, sendEvents } from './event-stream.js';
export { type HealthCheck, registerHealth } from './health.js';
export { HttpProblem, Problem, problems } from './http-problem.js';
export type { OpenApiOptions } from './open-api.js';
export { type ReadyAnswer, readyAnswer, sendReady, strongEtag } from './ready-answer.js';
export { runService, startFailure } from './run-service.js';
