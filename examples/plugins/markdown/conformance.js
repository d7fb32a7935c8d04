/** @type {import('@pierhead/plugin').PluginFixtures['builders']} */
export const builders = {
  markdown: {
    prepare: async ({ folder }) => ({
      source: { kind: 'tree', path: await folder({ 'index.md': '# Hello' }) },
      broken: { source: { kind: 'tree', path: await folder({ 'index.txt': 'Hello' }) } },
    }),
  },
};
