import { defineBuilder } from '@pierhead/model';
import { staticConfig } from './static-config.js';

export const manifest = defineBuilder({
  id: 'static',
  version: '1.0.0',
  name: 'Static site',
  description: 'Publishes a folder of files as they are.',
  icon: 'globe',
  category: 'files',
  tags: ['html', 'site', 'single-page'],
  configSchema: staticConfig,
  accepts: ['tree', 'site'],
  produces: 'files',
  load: () => import('./static-builder.js').then((m) => m.createStaticBuilder),
});
