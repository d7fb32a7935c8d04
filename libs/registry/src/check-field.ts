import { type FieldType, fieldTypes, normalizations, Value } from '@pierhead/model';
import { checkCondition } from './check-conditions.js';
import type { Fault } from './check-keywords.js';
import type { Keywords } from './config-properties.js';
import { isPlainObject } from './copy-json.js';

const jsonTypes: Record<FieldType, readonly unknown[]> = {
  text: ['string'],
  textarea: ['string'],
  password: ['string'],
  url: ['string'],
  select: ['string'],
  number: ['number'],
  integer: ['integer'],
  boolean: ['boolean'],
  multiselect: ['array'],
  array: ['array'],
  keyvalue: ['object'],
  json: [undefined, 'object', 'array', 'string', 'number', 'integer', 'boolean', 'null'],
};

const isText = (value: unknown) => typeof value === 'string';
const isList = (value: unknown, isMember: (each: unknown) => boolean) => Array.isArray(value) && value.every(isMember);
const isOption = (value: unknown) => isPlainObject(value) && isText(value.value) && isText(value.label);

/** What each key of `ui` may be, and what is said when it is not. */
const shapes = new Map<string, [fits: (value: unknown) => boolean, wanted: string]>(
  Object.entries({
    type: [(value) => fieldTypes.some((each) => each === value), 'A field is made with one of the field helpers.'],
    label: [(value) => isText(value) && value !== '', 'A field needs a label.'],
    placeholder: [isText, 'placeholder must be text.'],
    group: [isText, 'group must be the id of a group.'],
    order: [Number.isFinite, 'order must be a number.'],
    widget: [isText, 'widget must be text.'],
    secret: [(value) => typeof value === 'boolean', 'secret must be true or false.'],
    immutable: [(value) => typeof value === 'boolean', 'immutable must be true or false.'],
    deprecated: [(value) => isText(value) && value !== '', 'deprecated says in words what to use instead.'],
    options: [
      (value) => isList(value, isOption) && (value as unknown[]).length > 0,
      'A field with options needs at least one, each with a value and a label.',
    ],
    normalize: [
      (value) => isList(value, (each) => normalizations.some((one) => one === each)),
      `normalize is a list of ${normalizations.join(', ')}.`,
    ],
  }),
);
const demanded = ['type', 'label'];
const conditions = ['visibleWhen', 'requiredWhen'];

export interface FieldPlace {
  path: string;
  /** Whether a key is that of a field beside this one. */
  isBeside: (key: string) => boolean;
  /** Whether the field belongs to the entries of a list. */
  inEntry: boolean;
}

/** What is wrong with one field, below the JSON Schema keywords. */
export function checkField(schema: Keywords, place: FieldPlace): Fault[] {
  const { path } = place;
  const ui: unknown = schema.ui;
  if (!isPlainObject(ui)) return [{ path: `${path}/ui`, message: 'A field is made with one of the field helpers.' }];
  const faults = [...checkUi(ui, place), ...checkConditions(ui, place)];
  return faults.length > 0 ? faults : checkMeaning(schema, place);
}

function checkUi(ui: Record<string, unknown>, { path }: FieldPlace): Fault[] {
  const faults: Fault[] = [];
  const check = (key: string) => {
    const [fits, wanted] = shapes.get(key) ?? [() => conditions.includes(key), 'ui has no such key.'];
    if (!fits(ui[key])) faults.push({ path: `${path}/ui/${key}`, message: wanted });
  };
  for (const key of Object.keys(ui)) check(key);
  for (const key of demanded) if (!(key in ui)) check(key);
  return faults;
}

function checkConditions(ui: Record<string, unknown>, { path, isBeside }: FieldPlace): Fault[] {
  return conditions.flatMap((key) =>
    ui[key] === undefined ? [] : checkCondition(ui[key], `${path}/ui/${key}`, isBeside),
  );
}

/** What the parts of a field say together, once each of them makes sense. */
function checkMeaning(schema: Keywords, { path, inEntry }: FieldPlace): Fault[] {
  const { type, secret = false, immutable, options, normalize } = schema.ui!;
  const faults: Fault[] = [];
  const refuse = (isWrong: boolean | undefined, at: string, message: string) => {
    if (isWrong) faults.push({ path: path + at, message });
  };
  const isChoice = type === 'select' || type === 'multiselect';
  const isWritten = type !== 'json' && jsonTypes[type].includes('string');
  refuse(!jsonTypes[type].includes(schema.type), '/type', `A ${type} field cannot have this type.`);
  refuse(isChoice && !options, '/ui/options', 'A field with options needs at least one.');
  refuse(normalize && !isWritten, '/ui/normalize', 'Only a text can be normalised.');
  const maySecret = type === 'password' || type === 'keyvalue';
  refuse(secret ? !maySecret : type === 'password', '/ui/secret', 'Passwords are secret; else only a keyvalue may be.');
  refuse(secret && schema.default !== undefined, '/default', 'A secret has no default.');
  refuse(secret && inEntry, '', noSecretEntries);
  refuse(immutable && inEntry, '/ui/immutable', noFixedEntries);
  refuse(hasBadDefault(schema), '/default', 'The default does not fit the field.');
  return faults;
}

const noSecretEntries =
  'The entries of a list cannot hold secrets: when entries move, what is stored could not be told apart.';
const noFixedEntries =
  'A field of an entry cannot be immutable: when entries move, they could not be told apart. Make the list immutable.';

const hasBadDefault = (schema: Keywords) => schema.default !== undefined && !Value.Check(schema, schema.default);
