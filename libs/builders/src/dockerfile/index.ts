import { defineBuilder } from '@pierhead/model';
import { dockerfileConfigSchema } from './dockerfile-config.js';

export const manifest = defineBuilder({
  id: 'dockerfile',
  version: '1.0.0',
  name: 'Dockerfile',
  description: "Builds the source's own Dockerfile with BuildKit.",
  icon: 'docker',
  category: 'container',
  tags: ['docker', 'dockerfile', 'buildkit', 'image'],
  accepts: ['tree'],
  produces: 'image',
  configSchema: dockerfileConfigSchema,
  load: () => import('./dockerfile-builder.js').then((module) => module.createDockerfileBuilder),
});
