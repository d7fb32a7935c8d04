import { configSchema, defineBuilder, text } from '@pierhead/plugin';

export const builders = [
  defineBuilder({
    id: 'markdown',
    version: '1.0.0',
    name: 'Markdown site',
    description: 'Makes a page of each Markdown file: headings and paragraphs.',
    icon: 'book-open',
    category: 'sites',
    tags: ['markdown', 'site'],
    accepts: ['tree', 'site'],
    produces: 'files',
    configSchema: configSchema({ title: text({ label: 'Title of the site', default: 'Pages', maxLength: 100 }) }),
    load: () => import('./markdown-builder.js').then((module) => module.createMarkdownBuilder),
  }),
];
