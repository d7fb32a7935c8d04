import { defineProvider } from '@pierhead/model';
import { archiveConfig } from '../archive-config.js';

export const manifest = defineProvider({
  id: 'static',
  version: '1.0.0',
  name: 'Static files',
  description: 'Serves a finished site from an archive that you upload.',
  icon: 'files',
  category: 'files',
  tags: ['archive', 'html', 'site'],
  configSchema: archiveConfig,
  produces: 'site',
  load: () => import('./static-provider.js').then((m) => m.createStaticProvider),
});
