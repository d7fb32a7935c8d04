import type { App } from '@pierhead/http';
import {
  disabledHeader,
  type HostSettings,
  ServiceResolution,
  ServiceResolutionRequest,
  SourceAnswer,
  SourceLookup,
  UpgradePreview,
} from '@pierhead/model';
import type { CatalogSource } from './catalog-source.js';
import { disabledBy } from './disabled.js';
import { lookUpSource } from './look-up-source.js';
import { previewUpgrades } from './preview-upgrades.js';
import { resolveService } from './resolve-service.js';
import { shelvesOf } from './shelf.js';

/** For the api alone: what it must know before it saves or plans a service. */
export function serviceRoutes(app: App, source: CatalogSource, host: HostSettings): void {
  const shelves = () => shelvesOf(source().current());

  const resolve = { body: ServiceResolutionRequest, response: { 200: ServiceResolution } };
  app.post('/resolve-service', { schema: resolve }, async ({ body, headers }) =>
    resolveService(shelves(), body, disabledBy(headers[disabledHeader])),
  );

  const preview = { body: ServiceResolutionRequest, response: { 200: UpgradePreview } };
  app.post('/preview-upgrades', { schema: preview }, async ({ body, headers }) =>
    previewUpgrades(shelves(), body, disabledBy(headers[disabledHeader])),
  );

  const lookUp = { body: SourceLookup, response: { 200: SourceAnswer } };
  app.post('/look-up-source', { schema: lookUp }, async ({ body }) => lookUpSource(source().current(), host, body));
}
