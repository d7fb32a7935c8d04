import { defineProvider } from '@pierhead/model';
import { imageConfigSchema } from './image-config.js';

export const manifest = defineProvider({
  id: 'image',
  version: '1.0.0',
  name: 'Container image',
  description: 'An image from an image registry, or one that is in the engine already.',
  icon: 'docker',
  category: 'image',
  tags: ['docker', 'oci', 'image', 'prebuilt'],
  produces: 'image',
  configSchema: imageConfigSchema,
  load: () => import('./image-provider.js').then((module) => module.createImageProvider),
});
