import { PluginInfo, Type } from '@pierhead/model';
import { askCatalog, passOn } from '../pass-on.js';
import type { Routes } from '../routes.js';
import { problems } from '../schemas.js';

const tags = ['Registries'];

export const pluginRoutes: Routes = async (app, context) => {
  app.get(
    '/plugins',
    {
      schema: {
        tags,
        operationId: 'listPlugins',
        summary: 'List plugins: what each brought, or why not',
        response: { 200: Type.Array(PluginInfo), ...problems() },
      },
    },
    async (request, reply) => passOn(request, reply, await askCatalog('/plugins', context)),
  );

  app.post(
    '/plugins/reload',
    {
      config: { scope: 'admin' },
      schema: {
        tags,
        operationId: 'reloadPlugins',
        summary: 'Read the plugins anew',
        description:
          'The catalog has done so when the answer comes, the workers a moment later. Deployments under way keep what they started with. A plugin with problems keeps what it had before, where nothing new has come in its place; the others are not touched by it.',
        response: { 200: Type.Array(PluginInfo), ...problems() },
      },
    },
    async (request, reply) => {
      const { catalog, database, kept } = context;
      const answer = await catalog.forward('POST', '/plugins/reload');
      kept.clear();
      if (answer.status !== 200) return passOn(request, reply, answer);
      await database.sql.notify('plugins', '');
      const plugins: PluginInfo[] = JSON.parse(answer.text);
      request.audit = { target: { kind: 'plugins', id: 'all' }, after: plugins.map(summaryOf) };
      return plugins;
    },
  );
};

const summaryOf = ({ source, version, problems: faults }: PluginInfo) => ({
  source,
  version,
  loaded: faults.length === 0,
});
