import { configSchema, defineRuntime } from '@pierhead/model';

export const manifest = defineRuntime({
  id: 'files',
  version: '1.0.0',
  name: 'Files',
  description: 'Serves a tree of files from the gateway, without a process of its own.',
  icon: 'files',
  category: 'files',
  tags: ['site'],
  configSchema: configSchema({}),
  accepts: ['files'],
  load: () => import('./files-runtime.js').then((m) => m.createFilesRuntime),
});
