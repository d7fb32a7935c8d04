import { type Problem, pointer } from '@pierhead/model';

/** The second is how stored secrets are told from other values. */
const forbidden = new Set(['__proto__', '$sealed']);

const limits = { depth: 20, values: 20_000, text: 100_000, key: 200 };
export type JsonLimits = typeof limits;

/** Where a value stands: spelled out only when something is wrong with it. */
interface Place {
  parent: Place | null;
  key: string | number;
}

class Walk {
  readonly problems: Problem[] = [];
  #values = 0;

  constructor(readonly limits: JsonLimits) {}

  get isFull(): boolean {
    return this.#values > this.limits.values;
  }

  value(value: unknown, place: Place | null, depth: number): unknown {
    this.#values += 1;
    if (this.isFull) return this.#refuse(null, 'too_large', 'There are too many values.');
    if (typeof value === 'string') return this.#text(value, place);
    if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return value;
    if (depth >= this.limits.depth) return this.#refuse(place, 'too_deep', 'The values are nested too deeply here.');
    if (Array.isArray(value)) return this.#list(value, place, depth);
    if (isPlainObject(value)) return this.#object(value, place, depth);
    return this.#refuse(place, 'type', 'The value here cannot be written in JSON.');
  }

  #text(value: string, place: Place | null) {
    if (value.length <= this.limits.text) return value;
    return this.#refuse(place, 'too_long', `Text here must have at most ${this.limits.text} characters.`);
  }

  #list(value: readonly unknown[], parent: Place | null, depth: number) {
    const copy: unknown[] = [];
    for (let key = 0; key < value.length && !this.isFull; key++) {
      copy.push(this.value(value[key] ?? null, { parent, key }, depth + 1));
    }
    return copy;
  }

  #object(value: Record<string, unknown>, parent: Place | null, depth: number) {
    const copy: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      if (this.isFull) break;
      const child = value[key];
      if (key.length > this.limits.key)
        this.#refuse(parent, 'bad_key', `A key must have at most ${this.limits.key} characters.`);
      else if (forbidden.has(key)) this.#refuse({ parent, key }, 'unknown_key', 'This key is never allowed.');
      else if (child !== undefined) copy[key] = this.value(child, { parent, key }, depth + 1);
    }
    return copy;
  }

  #refuse(place: Place | null, code: string, message: string): undefined {
    if (this.problems.length < 100) this.problems.push({ path: pathOf(place), code, message });
  }
}

const pathOf = (place: Place | null): string => (place ? pathOf(place.parent) + pointer(place.key) : '');

/** A private copy of a JSON value, or what keeps it from being one that can be checked in bounded time. */
export function copyJson(value: unknown, own: Partial<JsonLimits> = {}): { copy: unknown; problems: Problem[] } {
  const walk = new Walk({ ...limits, ...own });
  return { copy: walk.value(value, null, 0), problems: walk.problems };
}

/** True for what `JSON.parse` makes of `{}`: no dates, maps or instances of a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
