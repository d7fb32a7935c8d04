import { configSchema, defineBuilder, defineProvider, defineRuntime, text } from '@pierhead/plugin';

/** A provider, a builder and a runtime that wait in any stage until a test lets them go on. */
const about = { id: 'gated', version: '1.0.0', name: 'Gated', icon: 'lock', category: 'tests', tags: [] };
const gate = text({ label: 'Gate' });

export const providers = [
  defineProvider({
    ...about,
    description: 'A page, once the gate is open.',
    produces: 'site',
    configSchema: configSchema({ gate, content: text({ label: 'Content' }) }),
    load: () => import('./gated.js').then((module) => module.createGatedProvider),
  }),
];

export const builders = [
  defineBuilder({
    ...about,
    description: 'Stores a site, once the gate is open.',
    accepts: ['site'],
    produces: 'files',
    configSchema: configSchema({ gate }),
    load: () => import('./gated.js').then((module) => module.createGatedBuilder),
  }),
];

export const runtimes = [
  defineRuntime({
    ...about,
    description: 'Serves files, once the gate is open.',
    accepts: ['files'],
    configSchema: configSchema({}),
    load: () => import('./gated.js').then((module) => module.createGatedRuntime),
  }),
];
