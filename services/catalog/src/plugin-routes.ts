import type { App } from '@pierhead/http';
import { PluginInfo, Type } from '@pierhead/model';
import type { CatalogSource } from './catalog-source.js';

/** What became of each plugin, and how to read them all anew. */
export function pluginRoutes(app: App, source: CatalogSource): void {
  const schema = { response: { 200: Type.Array(PluginInfo) } };
  app.get('/plugins', { schema }, async () => source().plugins());
  app.post('/plugins/reload', { schema }, async () => source().reload());
}
