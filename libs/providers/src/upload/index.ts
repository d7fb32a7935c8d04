import { defineProvider } from '@pierhead/model';
import { archiveConfig } from '../archive-config.js';

export const manifest = defineProvider({
  id: 'upload',
  version: '1.0.0',
  name: 'Upload',
  description: 'Builds the source in an archive that you upload.',
  icon: 'upload',
  category: 'files',
  tags: ['archive', 'zip', 'tar'],
  configSchema: archiveConfig,
  produces: 'tree',
  load: () => import('./upload-provider.js').then((m) => m.createUploadProvider),
});
