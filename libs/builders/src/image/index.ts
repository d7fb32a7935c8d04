import { configSchema, defineBuilder } from '@pierhead/model';

export const manifest = defineBuilder({
  id: 'image',
  version: '1.0.0',
  name: 'Ready-made image',
  description: 'Takes an image as it is; nothing is built.',
  icon: 'package',
  category: 'container',
  tags: ['docker', 'image', 'prebuilt'],
  accepts: ['image'],
  produces: 'image',
  configSchema: configSchema({}),
  load: () => import('./image-builder.js').then((module) => module.createImageBuilder),
});
