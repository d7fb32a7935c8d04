import { type App, createServer, type HealthCheck, registerHealth, requireToken, type Verify } from '@pierhead/http';
import type { Logger } from '@pierhead/logger';
import { recordChanges } from './audit-trail.js';
import type { ApiContext } from './context.js';
import { noticeUnusual, unusual } from './notice-unusual.js';
import { keepToProjects } from './project-gate.js';
import { auditRoutes } from './routes/audit.js';
import { commandRoutes } from './routes/commands.js';
import { deploymentRoutes } from './routes/deployments.js';
import { keyRoutes } from './routes/keys.js';
import { logRoutes } from './routes/logs.js';
import { metricsRoutes } from './routes/metrics.js';
import { operationRoutes } from './routes/operations.js';
import { pluginRoutes } from './routes/plugins.js';
import { projectRoutes } from './routes/projects.js';
import { provenanceRoutes } from './routes/provenance.js';
import { registryRoutes } from './routes/registries.js';
import { registryEntryRoutes } from './routes/registry-entries.js';
import { serviceRoutes } from './routes/services.js';
import { tokenRoutes } from './routes/tokens.js';
import { uploadRoutes } from './routes/uploads.js';
import { shared, tags } from './schemas.js';

const routes = [
  registryRoutes,
  registryEntryRoutes,
  pluginRoutes,
  projectRoutes,
  serviceRoutes,
  uploadRoutes,
  deploymentRoutes,
  provenanceRoutes,
  commandRoutes,
  logRoutes,
  metricsRoutes,
  operationRoutes,
  keyRoutes,
  tokenRoutes,
  auditRoutes,
];

interface AppOptions {
  logger: Logger;
  verify: Verify;
  checks: Record<string, HealthCheck>;
  shutdownGraceSeconds?: number | undefined;
  /** From one address; 0, the default, for any number. */
  requestsPerMinute?: number;
}

/** A hundredth, and not so few that nobody notices them. */
const wrongTokensPerMinute = (requests: number) => requests && Math.max(2 * unusual.wrongTokens, requests / 100);

/** The API's server with all its routes, not yet listening. It uses nothing of its context before a request comes. */
export async function createApp(
  context: ApiContext,
  { logger, verify, checks, shutdownGraceSeconds, requestsPerMinute = 0 }: AppOptions,
): Promise<App> {
  const app = await createServer({
    // An upload of half a gigabyte takes its time over a slow line.
    requestTimeoutMs: 3_600_000,
    name: 'api',
    version: '0.1.0',
    logger,
    shutdownGraceSeconds,
    requestsPerMinute,
    openApi: { title: 'Pierhead', description: 'Source goes in, a live URL comes out.', tags, schemas: shared },
  });
  requireToken(app, verify, { failuresPerMinute: wrongTokensPerMinute(requestsPerMinute) });
  keepToProjects(app, (kind, id) => context.projects.of(kind, id));
  recordChanges(app, (entry) => context.audit.append(entry));
  noticeUnusual(app, (entry) => context.audit.append(entry));
  await registerHealth(app, { checks });
  for (const each of routes) await app.register(async (scope) => each(scope, context));
  return app;
}
