import { createLogger } from '@pierhead/logger';
import type { ApiContext } from './context.js';
import { createApp } from './create-app.js';

/** The document that a running API serves at `/openapi.json`; nothing is started for it. */
export async function openApiDocument(): Promise<object> {
  const unused = {} as ApiContext;
  const app = await createApp(unused, { logger: createLogger('api', 'silent'), verify: () => null, checks: {} });
  await app.ready();
  return app.swagger();
}
