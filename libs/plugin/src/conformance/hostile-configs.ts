type Config = Record<string, unknown>;

const parts = ['a', '-', '/', '.', 'a-', 'a.', 'a/', ' ', '0', 'a@', '\n', 'é'];
const texts = ['', '\u0000', '\ud800', '../../etc/passwd', ...parts.map((part) => `${part.repeat(30_000)}!`)];
const values: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  0.5,
  [],
  [null],
  ['a'],
  {},
  { a: 1 },
  [[[[[]]]]],
  { constructor: { prototype: 1 } },
];

/** Configs that nobody in his right mind sends: each value under each key, and some with all keys at once. */
export function hostileConfigs(keys: readonly string[]): Config[] {
  const all = [...texts, ...values];
  const single = [...keys, 'constructor', 'toString'].flatMap((key) => all.map((value) => ({ [key]: value })));
  const whole = all.map((value) => Object.fromEntries(keys.map((key) => [key, value])));
  return [...single, ...whole, JSON.parse('{"__proto__":{"polluted":true}}')];
}
