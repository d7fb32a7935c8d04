import { defineProvider } from '@pierhead/model';
import { gitConfigSchema } from './git-config.js';

export const manifest = defineProvider({
  id: 'git',
  version: '1.0.0',
  name: 'Git',
  description: 'A repository on any Git server that answers over https.',
  icon: 'git',
  category: 'repository',
  tags: ['git', 'https', 'repository'],
  produces: 'tree',
  configSchema: gitConfigSchema,
  load: () => import('./git-provider.js').then((module) => module.createGitProvider),
});
