import type { Condition, ConfigField, Normalization } from '@pierhead/model';
import { conditionWords } from './condition-words.js';

type Row = Omit<ConfigField, 'items'> & { items?: unknown };

/** The fields as a Markdown table; those of the entries of a list follow it as `list[].field`. */
export function fieldTable(fields: readonly ConfigField[]): string {
  const rows = fields.flatMap((field) => [field, ...entryRows(field)]);
  return ['| field | type | required | default | |', '|---|---|---|---|---|', ...rows.map(rowOf)].join('\n');
}

const entryRows = ({ key, items = [] }: ConfigField): Row[] =>
  items.map((item) => ({ ...item, key: `${key}[].${item.key}` }));

function rowOf(field: Row): string {
  const standard = field.default === undefined ? '' : `\`${JSON.stringify(field.default)}\``;
  const cells = [`\`${field.key}\``, typeWords(field), requiredWords(field), standard, meaning(field)];
  return `| ${cells.map(cell).join(' | ')} |`;
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function typeWords({ type, options, items }: Row): string {
  if (options) return `${type}: ${options.map(({ value }) => `\`${value}\``).join(', ')}`;
  return items ? 'array of objects' : type;
}

function requiredWords({ required, requiredWhen }: Row): string {
  if (required) return 'yes';
  return requiredWhen ? `when ${conditionWords(requiredWhen as Condition)}` : '';
}

function meaning(field: Row): string {
  const { label, description, visibleWhen, deprecated, immutable, secret, normalize } = field;
  const sentences = [
    `**${label}.**`,
    description,
    limitWords(field),
    visibleWhen && `Only when ${conditionWords(visibleWhen as Condition)}.`,
    ...(normalize ?? []).map((step) => normalizationWords[step]),
    secret && 'Secret: never read back.',
    immutable && 'Cannot be changed once it is saved.',
    deprecated && `Deprecated: ${deprecated}`,
  ];
  return sentences.filter(Boolean).join(' ');
}

const normalizationWords: Record<Normalization, string> = {
  trim: 'Spaces around it are cut off.',
  'lower-case': 'Stored in lower case.',
  'upper-case': 'Stored in upper case.',
  'strip-trailing-slashes': 'Slashes at its end are cut off.',
};

function limitWords({ type, minimum, maximum, minLength, maxLength, minItems, maxItems }: Row): string {
  const noun = type === 'array' || type === 'multiselect' ? 'entries' : 'characters';
  return [range(minimum, maximum), range(minLength ?? minItems, maxLength ?? maxItems, noun)].filter(Boolean).join(' ');
}

function range(least?: number, most?: number, noun?: string): string {
  const unit = noun ? ` ${noun}` : '';
  const write = (value: number) => value.toLocaleString('en-US');
  if (least !== undefined && most !== undefined) return `${write(least)} to ${write(most)}${unit}.`;
  if (most !== undefined) return `At most ${write(most)}${unit}.`;
  return least === undefined ? '' : `At least ${write(least)}${unit}.`;
}
