import { type Problem, pointer } from '@pierhead/model';

const limits = { depth: 20, values: 20_000, text: 100_000, key: 200 };

interface Walk {
  problems: Problem[];
  values: number;
}

/** A private copy of a JSON value, or what keeps it from being one that can be checked in bounded time. */
export function copyJson(value: unknown): { copy: unknown; problems: Problem[] } {
  const walk: Walk = { problems: [], values: 0 };
  return { copy: copyValue(value, '', 0, walk), problems: walk.problems };
}

function copyValue(value: unknown, path: string, depth: number, walk: Walk): unknown {
  walk.values += 1;
  if (walk.values > limits.values) return refuse(walk, '', 'too_large', 'The config has too many values.');
  if (typeof value === 'string') return copyText(value, path, walk);
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return value;
  if (depth >= limits.depth) return refuse(walk, path, 'too_deep', 'The config is nested too deeply here.');
  if (Array.isArray(value)) return copyList(value, path, depth, walk);
  if (isPlainObject(value)) return copyObject(value, path, depth, walk);
  return refuse(walk, path, 'type', 'The value here cannot be written in JSON.');
}

function copyText(value: string, path: string, walk: Walk) {
  if (value.length <= limits.text) return value;
  return refuse(walk, path, 'too_long', `Text here must have at most ${limits.text} characters.`);
}

function copyList(value: readonly unknown[], path: string, depth: number, walk: Walk) {
  const copy: unknown[] = [];
  for (let index = 0; index < value.length && walk.values <= limits.values; index++) {
    copy.push(copyValue(value[index] ?? null, path + pointer(index), depth + 1, walk));
  }
  return copy;
}

function copyObject(value: object, path: string, depth: number, walk: Walk) {
  const copy: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    if (walk.values > limits.values) break;
    if (key.length > limits.key) refuse(walk, path, 'bad_key', `A key must have at most ${limits.key} characters.`);
    else if (key === '__proto__') refuse(walk, path + pointer(key), 'unknown_key', 'This key is never allowed.');
    else if (child !== undefined) copy[key] = copyValue(child, path + pointer(key), depth + 1, walk);
  }
  return copy;
}

function refuse(walk: Walk, path: string, code: string, message: string): undefined {
  if (walk.problems.length < 100) walk.problems.push({ path, code, message });
}

/** True for what `JSON.parse` makes of `{}`: no dates, maps or instances of a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
