import { nullable } from './common.js';
import { ConfigProblem } from './registry-entry.js';
import { type Static, Type } from './typebox.js';

export const entryKinds = ['provider', 'builder', 'runtime'] as const;
export const EntryKind = Type.Enum([...entryKinds]);
export type EntryKind = Static<typeof EntryKind>;

/** With this header the api tells the catalog what is switched off: `builder/dockerfile,provider/git`, sorted. */
export const disabledHeader = 'pierhead-disabled';

/** What became of one name of PIERHEAD_PLUGINS. What has problems is left out; the rest of it is there. */
export const PluginInfo = Type.Object({
  source: Type.String({ description: 'The package name or folder, as it was configured.' }),
  name: nullable(Type.String({ description: 'From its package.json.' })),
  version: nullable(Type.String({ description: 'From its package.json.' })),
  entries: Type.Array(
    Type.Object({
      kind: EntryKind,
      id: Type.String(),
      version: Type.String(),
      kept: Type.Optional(
        Type.Boolean({ description: 'True: it is that of an earlier reading, as the plugin has problems now.' }),
      ),
    }),
    { description: 'What of it is registered.' },
  ),
  problems: Type.Array(ConfigProblem, {
    description: 'What of it was not loaded, and why; paths such as `/providers/0/version`.',
  }),
});
export type PluginInfo = Static<typeof PluginInfo>;
