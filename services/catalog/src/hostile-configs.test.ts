import { builders } from '@pierhead/builders';
import { imageReferencePattern } from '@pierhead/docker/reference';
import type { ConfigField, ValidationResult } from '@pierhead/model';
import { providers } from '@pierhead/providers';
import { checkManifests, createRegistries } from '@pierhead/registry';
import { runtimes } from '@pierhead/runtimes';
import fc, { type Arbitrary } from 'fast-check';
import t from 'tap';

const registries = createRegistries({ providers, builders, runtimes });
const slowest = 1_000;

const entries = [
  ...providers.map(({ id }) => ({
    name: `provider ${id}`,
    fields: registries.providers.getProviderSchema(id)!.fields,
    validate: (config: unknown) => registries.providers.validateProviderConfig(id, config),
  })),
  ...builders.map(({ id }) => ({
    name: `builder ${id}`,
    fields: registries.builders.getBuilderSchema(id)!.fields,
    validate: (config: unknown) => registries.builders.validateBuilderConfig(id, config),
  })),
  ...runtimes.map(({ id }) => ({
    name: `runtime ${id}`,
    fields: registries.runtimes.getRuntimeSchema(id)!.fields,
    validate: (config: unknown) => registries.runtimes.validateRuntimeConfig(id, config),
  })),
];

const deep = (levels: number) => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`) as unknown;
const attacks = ['a', '-', '/', '.', 'a-', 'a.', 'a/', ' ', '0', 'a@', '\n', '/*', '/**', '../', '%', 'é', '\ud800'];
const attackTexts = attacks.flatMap((part) => [`${part.repeat(150)}!`, `${part.repeat(40_000)}!`]);
const prototypes = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '', 'a/b', '~'];
const polluting = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}') as unknown;

const value = fc.oneof(
  fc.constantFrom<unknown>(...attackTexts, polluting, deep(50), deep(5_000), Array(2_000).fill('x'), 1e308, -0, null),
  fc.anything({ maxDepth: 3, withNullPrototype: true, withBigInt: true, withDate: true }),
  fc.json().map((text) => JSON.parse(text) as unknown),
);

/** Configs that have the shape of the entry's, with hostile values in it. */
function hostile(fields: readonly ConfigField[]): Arbitrary<unknown> {
  const tops = fields.map(({ key }) => key.split('.')[0]!);
  const inside = fields.flatMap(({ key, items = [] }) => [...key.split('.'), ...items.map((item) => item.key)]);
  const inner = fc.dictionary(fc.constantFrom(...inside, ...prototypes), value, { maxKeys: 4 });
  const nested = fc.oneof(value, inner, fc.array(inner, { maxLength: 3 }), fc.array(value, { maxLength: 3 }));
  const config = fc.dictionary(fc.constantFrom(...tops, ...prototypes), nested, { maxKeys: 6 });
  return fc.oneof({ weight: 9, arbitrary: config }, { weight: 1, arbitrary: value });
}

const isSound = (result: ValidationResult | null) =>
  result !== null && result.valid === (result.errors.length === 0) && JSON.stringify(result).length > 0;

t.test('ten thousand random and hostile configs are answered, each in bounded time', async (t) => {
  const runs = Math.ceil(10_000 / entries.length);
  for (const { name, fields, validate } of entries) {
    const property = fc.asyncProperty(hostile(fields), async (config) => {
      const started = performance.now();
      const result = await validate(config);
      const took = performance.now() - started;
      if (took > slowest) throw new Error(`took ${took} ms`);
      if (!isSound(result)) throw new Error('not a sound answer');
      if (result?.valid && JSON.stringify((await validate(result.config))?.config) !== JSON.stringify(result.config))
        throw new Error('not the same again');
    });
    await t.resolves(fc.assert(property, { numRuns: runs, endOnFailure: true }), name);
  }
  t.notOk('polluted' in {});
});

t.test('no built-in entry has a pattern that a hostile text could keep busy', async (t) => {
  const problems = checkManifests({ providers, builders, runtimes });
  // The first part of an image reference can be read as a host or as a name, once; it has at most 300 characters.
  const isImage = (path: string) =>
    /^\/(providers|builders)\/\d+\/configSchema\/properties\/(image|cacheFrom)\//.test(path);
  t.same(
    problems.filter(({ path }) => !isImage(path)),
    [],
  );
  const grammar = new RegExp(imageReferencePattern, 'u');
  for (const part of attacks) {
    const started = performance.now();
    grammar.test(`${part.repeat(300)}!`.slice(-300));
    t.ok(performance.now() - started < 100, JSON.stringify(part));
  }
});
