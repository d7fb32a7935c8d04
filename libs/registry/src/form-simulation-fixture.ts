import type { ConfigField, ConfigSchema } from '@pierhead/model';

type Values = Record<string, unknown>;

/**
 * What a form would say of a config, from `fields` and `rules` alone: a second opinion, written without a look at the
 * validator.
 */
export function formAccepts({ fields, rules }: Pick<ConfigSchema, 'fields' | 'rules'>, config: Values): boolean {
  const flat = flatten(config, new Set(fields.map(({ key }) => key)));
  if (!flat) return false;
  const faulty = fields.filter((field) => !isRight(field, flat, rules)).map(({ key }) => key);
  if (faulty.length > 0) return false;
  return rules.filter(({ field }) => !field.includes('[]')).every((rule) => isKept(rule, fields, flat));
}

/** The values by full key; null when something is there that has no field. */
function flatten(config: Values, keys: ReadonlySet<string>, prefix = ''): Values | null {
  const flat: Values = {};
  for (const [key, value] of Object.entries(config)) {
    const full = prefix + key;
    if (keys.has(full)) flat[full] = value;
    else if (![...keys].some((each) => each.startsWith(`${full}.`))) return null;
    else {
      const inner = isObject(value) && flatten(value, keys, `${full}.`);
      if (!inner) return null;
      Object.assign(flat, inner);
    }
  }
  return flat;
}

const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isShown = (field: ConfigField, flat: Values) => !field.visibleWhen || says(field.visibleWhen, flat);

function isRight(field: ConfigField, flat: Values, rules: ConfigSchema['rules']): boolean {
  const value = flat[field.key];
  if (!isShown(field, flat)) return value === undefined;
  const isRequired = field.required || (field.requiredWhen !== undefined && says(field.requiredWhen, flat));
  if (value === undefined || (value === '' && isRequired)) return !isRequired;
  return fitsType(field, value, rules);
}

function fitsType(field: ConfigField, value: unknown, rules: ConfigSchema['rules']): boolean {
  const options = field.options?.map((option) => option.value) ?? [];
  const { minItems = 0, maxItems = Infinity, minimum = -Infinity, maximum = Infinity } = field;
  const inBounds = (list: unknown[]) => list.length >= minItems && list.length <= maxItems;
  switch (field.type) {
    case 'json':
      return true;
    case 'boolean':
      return typeof value === 'boolean';
    case 'number':
    case 'integer':
      if (typeof value !== 'number' || (field.type === 'integer' && !Number.isInteger(value))) return false;
      return value >= minimum && value <= maximum;
    case 'select':
      return options.some((option) => option === value);
    case 'multiselect':
      if (!Array.isArray(value) || !inBounds(value) || new Set(value).size < value.length) return false;
      return value.every((each) => options.includes(each));
    case 'keyvalue':
      return isObject(value) && Object.values(value).every((each) => typeof each === 'string');
    case 'array':
      return Array.isArray(value) && inBounds(value) && value.every((entry) => fitsEntry(field, entry, rules));
    default:
      return typeof value === 'string' && fitsText(field, value);
  }
}

function fitsText({ type, minLength = 0, maxLength = Infinity, pattern = '' }: ConfigField, value: string): boolean {
  const length = [...value].length;
  if (length < minLength || length > maxLength || !new RegExp(pattern, 'u').test(value)) return false;
  return type !== 'url' || URL.canParse(value);
}

function fitsEntry({ key, items }: ConfigField, entry: unknown, rules: ConfigSchema['rules']): boolean {
  if (!items) return typeof entry === 'string';
  const prefix = `${key}[].`;
  const own = rules.filter(({ field }) => field.startsWith(prefix));
  const relative = JSON.parse(JSON.stringify(own).replaceAll(`"${prefix}`, '"')) as ConfigSchema['rules'];
  return isObject(entry) && formAccepts({ fields: items, rules: relative }, entry);
}

function isKept({ assert, field }: ConfigSchema['rules'][number], fields: readonly ConfigField[], flat: Values) {
  const text = JSON.stringify(assert);
  const named = fields.filter(({ key }) => key === field || text.includes(`"${key}"`));
  const parent = field.slice(0, field.lastIndexOf('.') + 1);
  const isThere = parent === '' || Object.keys(flat).some((key) => key.startsWith(parent));
  return !isThere || named.some((each) => !isShown(each, flat)) || says(assert, flat);
}

/** A condition, read as its documentation has it. */
function says(condition: unknown, flat: Values): boolean {
  const { all, any, not, field, to, compare, equals, present, in: among } = condition as Values;
  if (Array.isArray(all)) return !all.some((each) => !says(each, flat));
  if (Array.isArray(any)) return any.some((each) => says(each, flat));
  if (not) return !says(not, flat);
  const value = flat[String(field)];
  if (compare !== undefined) return compared(value, String(compare), flat[String(to)]);
  if (present !== undefined) return present === !(value === undefined || value === '');
  return Array.isArray(among) ? among.some((each) => each === value) : equals === value;
}

function compared(left: unknown, how: string, right: unknown): boolean {
  if (how === '=' || how === '!=') return (left === right) === (how === '=');
  if (typeof left !== typeof right || (typeof left !== 'number' && typeof left !== 'string')) return false;
  const order = left === right ? 0 : left < (right as typeof left) ? -1 : 1;
  return { '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[how] ?? false;
}
