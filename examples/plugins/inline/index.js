import { array, configSchema, defineProvider, text, textarea } from '@pierhead/plugin';

const file = configSchema({
  path: text({
    label: 'Path',
    placeholder: 'docs/index.md',
    pattern: '^[\\w-][\\w.-]*(/[\\w-][\\w.-]*)*$',
    patternHint: 'Letters, digits and . _ - in each part of the path.',
  }),
  content: textarea({ label: 'Content', default: '' }),
});

export const providers = [
  defineProvider({
    id: 'inline',
    version: '1.0.0',
    name: 'Inline files',
    description: 'A few files, written right into the form.',
    icon: 'file-text',
    category: 'files',
    tags: ['files', 'text'],
    produces: 'tree',
    configSchema: configSchema({ files: array(file, { label: 'Files', minItems: 1 }) }),
    load: () => import('./inline-provider.js').then((module) => module.createInlineProvider),
  }),
];
