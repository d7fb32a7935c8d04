import type { ConfigSchema, Manifest, ValidationResult } from '@pierhead/model';
import fc from 'fast-check';
import t from 'tap';

/** One manifest behind its registry, whichever kind it is. */
export interface Registered {
  manifest: Manifest;
  methods: readonly string[];
  schema: ConfigSchema;
  validate(config: unknown): Promise<ValidationResult | null>;
  instance(): Promise<unknown>;
}

/** What holds for every registered entry; `register` puts a manifest into a registry of its own. */
export function manifestContract<M extends Manifest>(manifest: M, register: (manifest: M) => Registered): void {
  t.test(`${manifest.id}: its registry accepts it, and describing it loads nothing`, async (t) => {
    let loads = 0;
    const load = () => {
      loads += 1;
      return manifest.load();
    };
    const { schema, validate } = register({ ...manifest, load });
    await validate({});
    t.same(JSON.parse(JSON.stringify(schema)), schema, 'its schema is plain JSON');
    t.equal(loads, 0);
  });

  t.test(`${manifest.id}: each instance is fresh and has every method`, async (t) => {
    const { instance, methods } = register(manifest);
    const one = (await instance()) as Record<string, unknown>;
    t.not(await instance(), one);
    for (const method of methods) t.type(one[method], 'function', method);
  });

  t.test(`${manifest.id}: a form can be drawn from its fields`, async (t) => {
    const { fields, groups } = register(manifest).schema;
    t.equal(new Set(fields.map(({ key }) => key)).size, fields.length, 'keys are unique');
    for (const field of fields) {
      t.ok(field.label.trim(), `${field.key} has a label`);
      t.equal(field.secret, field.type === 'password', `${field.key} is a password if it is secret, and only then`);
      if (field.secret) t.equal(field.default, undefined, `${field.key} has no default`);
      if (field.group) t.ok(groups.some(({ id }) => id === field.group));
      const values = field.options?.map(({ value }) => value) ?? [];
      t.equal(new Set(values).size, values.length, `${field.key} has no option twice`);
    }
  });

  t.test(`${manifest.id}: nothing is wrong with an empty config but what it lacks`, async (t) => {
    const result = await register(manifest).validate({});
    t.same(
      result?.errors.filter(({ code }) => code !== 'required'),
      [],
    );
  });

  t.test(`${manifest.id}: an unknown key is refused`, async (t) => {
    const result = await register(manifest).validate({ 'no such key': 1 });
    t.ok(result?.errors.some(({ code, path }) => code === 'unknown_key' && path === '/no such key'));
  });

  t.test(`${manifest.id}: hostile values are answered, quickly`, async (t) => {
    const { schema, validate } = register(manifest);
    const texts = ['a', '-', '/', '.', 'a-', 'a.', 'a/', ' ', '0', 'a@', '\n', 'é'].map(
      (part) => `${part.repeat(30_000)}!`,
    );
    const key = fc.constantFrom(...schema.fields.map((field) => field.key.split('.')[0]!), 'constructor');
    const value = fc.oneof(fc.constantFrom(...texts), fc.anything({ maxDepth: 3 }));
    const property = fc.asyncProperty(fc.dictionary(key, value), async (config) => {
      const started = performance.now();
      const result = await validate(config);
      if (performance.now() - started > 1_000) throw new Error('too slow');
      return result?.valid === (result?.errors.length === 0);
    });
    await t.resolves(fc.assert(property, { numRuns: 100 }));
  });
}
