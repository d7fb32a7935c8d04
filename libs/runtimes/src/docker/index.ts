import { defineRuntime } from '@pierhead/model';
import { dockerConfigSchema } from './docker-config.js';

export const manifest = defineRuntime({
  id: 'docker',
  version: '1.0.0',
  name: 'Docker',
  description: "Runs an image as containers on the worker's engine.",
  icon: 'docker',
  category: 'container',
  tags: ['docker', 'container'],
  accepts: ['image'],
  commands: true,
  configSchema: dockerConfigSchema,
  load: () => import('./docker-runtime.js').then((module) => module.createDockerRuntime),
});
