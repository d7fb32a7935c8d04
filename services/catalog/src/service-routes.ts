import type { App } from '@pierhead/http';
import {
  type HostSettings,
  ServiceResolution,
  ServiceResolutionRequest,
  SourceAnswer,
  SourceLookup,
} from '@pierhead/model';
import type { Registries } from '@pierhead/registry';
import { lookUpSource } from './look-up-source.js';
import { resolveService } from './resolve-service.js';

/** For the api alone: what it must know before it saves or plans a service. */
export function serviceRoutes(app: App, host: HostSettings, registries: Registries): void {
  const resolve = { body: ServiceResolutionRequest, response: { 200: ServiceResolution } };
  app.post('/resolve-service', { schema: resolve }, async (request) => resolveService(registries, request.body));

  const lookUp = { body: SourceLookup, response: { 200: SourceAnswer } };
  app.post('/look-up-source', { schema: lookUp }, async (request) => lookUpSource(registries, host, request.body));
}
