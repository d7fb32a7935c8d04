import type { ConfigField, ConfigSchema } from '@pierhead/client';
import { Argument, type Command } from 'commander';
import { columns } from '../columns.js';
import { assignmentHelp, configOf } from '../config-values.js';
import { collect } from '../options.js';
import { type Noun, nouns, registries } from '../registries.js';
import type { AddCommands } from '../session.js';

export const addRegistries: AddCommands = (program, session) => {
  for (const noun of nouns) {
    const group = program
      .command(`${noun}s`)
      .argument('[id]', `a ${noun}, to see the fields of its config`)
      .description(`list ${noun}s, or the config fields of one`)
      .action(async (id?: string) => {
        const { client, show } = await session();
        if (id === undefined) {
          const entries = await registries[noun].list(client);
          return show(entries, () => columns(headings, entries.map(entryRow), `There are no ${noun}s.`));
        }
        const schema = await registries[noun].schema(client, id);
        return show(schema, () => fieldsText(schema));
      });
    addToggle(group, noun, true, session);
    addToggle(group, noun, false, session);
  }

  program
    .command('validate')
    .addArgument(new Argument('<kind>', 'which registry').choices(nouns))
    .argument('<id>', 'the entry')
    .description('check a config without saving anything; exits with 1 when it is not valid')
    .option('--set <key=value>', 'a field of the config; repeat it', collect, [])
    .option('--deep', 'ask the outside world too', false)
    .addHelpText('after', assignmentHelp)
    .action(async (noun: Noun, id: string, { set, deep }: { set: string[]; deep: boolean }) => {
      const { client, show } = await session();
      const { fields } = await registries[noun].schema(client, id);
      const result = await registries[noun].validate(client, id, { config: configOf(fields, set), deep });
      const { valid, errors, warnings, config } = result;
      const faults = [...errors, ...warnings].map(({ path, code, message }) => [path || '/', code, message]);
      const notes = faults.length > 0 ? `\n${columns(['where', 'code', 'what'], faults, '')}` : '';
      show(result, () => (valid ? `valid: ${JSON.stringify(config)}${notes}` : `not valid${notes}`));
      if (!valid) process.exitCode = 1;
    });
};

function addToggle(group: Command, noun: Noun, enabled: boolean, session: Parameters<AddCommands>[1]): void {
  group
    .command(enabled ? 'enable' : 'disable')
    .argument('<id>', `a ${noun}`)
    .description(enabled ? `let a ${noun} be chosen again` : `let a ${noun} no longer be chosen or deployed`)
    .action(async (id: string) => {
      const { client, show } = await session();
      const entry = await registries[noun].setEnabled(client, id, enabled);
      show(entry, () => `${id} is ${enabled ? 'enabled' : 'disabled'}.`);
    });
}

interface Entry {
  id: string;
  version: string;
  enabled: boolean;
  description: string;
  accepts?: string[];
  produces?: string;
}

const headings = ['id', 'version', 'takes', 'makes', 'description'];
const entryRow = ({ id, version, enabled, description, accepts = [], produces = '' }: Entry) => [
  id,
  version,
  accepts.join(', '),
  produces,
  enabled ? description : `(disabled) ${description}`,
];

function fieldsText({ title, description, fields }: ConfigSchema): string {
  const table = columns(['key', 'type', 'default', 'about'], fields.flatMap(fieldRows), 'It has no fields.');
  const legend = fields.some(({ required }) => required) ? '\n\n* required' : '';
  return `${title}: ${description}\n\n${table}${legend}`;
}

/** A field, and those of its entries where it is a list of objects. */
const fieldRows = (field: ConfigField) => [
  fieldRow(field),
  ...(field.items ?? []).map((item) => fieldRow({ ...item, key: `${field.key}.0.${item.key}` })),
];

const fieldRow = ({ key, required, type, options, default: value, label, description }: ConfigField) => [
  `${key}${required ? ' *' : ''}`,
  options ? options.map((option) => option.value).join('|') : type,
  value === undefined ? '' : JSON.stringify(value),
  description ? `${label}: ${description}` : label,
];
