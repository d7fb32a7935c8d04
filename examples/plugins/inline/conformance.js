const files = [{ path: 'docs/index.md', content: '# Hello' }];

/** @type {import('@pierhead/plugin').PluginFixtures['providers']} */
export const providers = { inline: { prepare: () => ({ config: { files }, missing: { want: { ref: 'main' } } }) } };
