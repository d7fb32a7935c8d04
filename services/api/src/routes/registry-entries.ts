import {
  BuilderMetadata,
  entryKinds,
  ProviderMetadata,
  RegistryUsage,
  RuntimeMetadata,
  type TSchema,
  Type,
} from '@pierhead/model';
import { askCatalog, passOn } from '../pass-on.js';
import type { Routes } from '../routes.js';
import { entryParams as params, problems } from '../schemas.js';

const tags = ['Registries'];
const metadata: Record<(typeof entryKinds)[number], TSchema> = {
  provider: ProviderMetadata,
  builder: BuilderMetadata,
  runtime: RuntimeMetadata,
};
const title = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
const Toggle = Type.Object({ enabled: Type.Boolean() }, { additionalProperties: false });

/** What the catalog does not know of its entries: whether they are switched on, and who uses them. */
export const registryEntryRoutes: Routes = async (app, context) => {
  for (const kind of entryKinds) {
    const path = `/${kind}s/:id`;
    app.patch(
      path,
      {
        config: { scope: 'admin' },
        schema: {
          tags,
          operationId: `change${title(kind)}`,
          summary: `Switch a ${kind} on or off`,
          description:
            'What is off cannot be chosen. A service that has it already says so in its plan, and its deployments fail.',
          params,
          body: Toggle,
          response: { 200: metadata[kind], ...problems(404, 413, 415) },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const { enabled } = request.body;
        const answer = await context.catalog.forward('GET', `/${kind}s/${id}`);
        if (answer.status !== 200) return passOn(request, reply, answer);
        const entry = JSON.parse(answer.text);
        await context.toggles.setEnabled({ kind, entryId: id }, enabled);
        request.audit = { target: { kind, id }, before: { enabled: entry.enabled }, after: { enabled } };
        return { ...entry, enabled };
      },
    );

    app.get(
      `${path}/usage`,
      {
        schema: {
          tags,
          operationId: `read${title(kind)}Usage`,
          summary: `Tell who uses a ${kind}: services, recent deployments and error rates by version`,
          params,
          response: { 200: RegistryUsage, ...problems(404) },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const usage = await context.usage.read(kind, id);
        if (usage.versions.length > 0) return usage;
        const answer = await askCatalog(`/${kind}s/${id}`, context);
        return answer.status === 200 ? usage : passOn(request, reply, answer);
      },
    );
  }
};
