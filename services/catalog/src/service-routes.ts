import type { App } from '@pierhead/http';
import { ServiceResolution, ServiceResolutionRequest } from '@pierhead/model';
import type { Registries } from '@pierhead/registry';
import { resolveService } from './resolve-service.js';

/** For the api alone: what it must know before it saves a service. */
export function serviceRoutes(app: App, registries: Registries): void {
  const schema = { body: ServiceResolutionRequest, response: { 200: ServiceResolution } };
  app.post('/resolve-service', { schema }, async (request) => resolveService(registries, request.body));
}
