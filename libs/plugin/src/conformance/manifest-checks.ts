import assert from 'node:assert/strict';
import type { ConfigSchema, Manifest, ValidationResult } from '@pierhead/model';
import type { Check } from './check.js';
import { hostileConfigs } from './hostile-configs.js';

/** One manifest behind its registry, whichever kind it is. */
export interface Registered {
  manifest: Manifest;
  methods: readonly string[];
  schema: ConfigSchema;
  validate(config: unknown): Promise<ValidationResult | null>;
  instance(): Promise<unknown>;
}

/** The names of the methods of an instance that only stands for another, in a thread; rejects when that cannot be made. */
export type MethodsOf = (instance: object) => Promise<readonly string[]>;

const mostMs = 1_000;

/** What holds for every entry; `register` puts a manifest into a registry of its own. */
export function manifestChecks<M extends Manifest>(
  manifest: M,
  register: (manifest: M) => Registered,
  methodsOf?: MethodsOf,
): Check[] {
  return [
    {
      name: 'its registry accepts it, and describing it loads nothing',
      async run() {
        let loads = 0;
        const load = () => {
          loads += 1;
          return manifest.load();
        };
        const { schema, validate } = register({ ...manifest, load });
        await validate({});
        assert.deepEqual(JSON.parse(JSON.stringify(schema)), schema, 'its schema is plain JSON');
        assert.equal(loads, 0, 'nothing was loaded');
      },
    },
    {
      name: 'an instance can be made, is fresh and has every method',
      async run(scope) {
        const { instance, methods } = register(manifest);
        const one = (await instance()) as Made;
        scope.teardown(() => one.dispose?.());
        assert.notEqual(await instance(), one, 'two instances are two');
        const present = methodsOf ? await made(methodsOf(one)) : methods.filter((each) => isMethod(one, each));
        const absent = methods.filter((method) => !present.includes(method));
        if (absent.length > 0) throw lacking(absent, present);
      },
    },
    {
      name: 'a form can be drawn from its fields',
      async run() {
        assertDrawable(register(manifest).schema);
      },
    },
    {
      name: 'nothing is wrong with an empty config but what it lacks',
      async run() {
        const errors = (await register(manifest).validate({}))?.errors ?? [];
        assert.deepEqual(
          errors.filter(({ code }) => code !== 'required'),
          [],
        );
      },
    },
    {
      name: 'an unknown key is refused',
      async run() {
        const errors = (await register(manifest).validate({ 'no such key': 1 }))?.errors ?? [];
        assert.ok(errors.some(({ code, path }) => code === 'unknown_key' && path === '/no such key'));
      },
    },
    {
      name: 'hostile values are answered, quickly',
      async run() {
        const { schema, validate } = register(manifest);
        const keys = [...new Set(schema.fields.map((field) => field.key.split('.')[0]!))];
        for (const config of hostileConfigs(keys)) {
          const started = performance.now();
          const result = await validate(config);
          const shown = JSON.stringify(config).slice(0, 100);
          assert.ok(performance.now() - started < mostMs, `it took longer than ${mostMs} ms to answer ${shown}`);
          assert.equal(result?.valid, result?.errors.length === 0);
        }
      },
    },
  ];
}

type Made = Record<string, unknown> & { dispose?(): unknown };

const isMethod = (instance: Made, name: string) => typeof instance[name] === 'function';

async function made<T>(methods: Promise<T>): Promise<T> {
  try {
    return await methods;
  } catch (error) {
    const hint = 'load() imports the implementation, and answers the function that makes an instance of it.';
    const message = error instanceof Error ? error.message : String(error);
    throw Object.assign(new Error(`No instance can be made. ${message}`, { cause: error }), { hint });
  }
}

function lacking(absent: readonly string[], present: readonly string[]): Error {
  const message = `The instance has no method ${absent.join(', ')}; it has ${present.join(', ') || 'none'}.`;
  const hint = 'Give the instance every method of its contract, under the same names.';
  return Object.assign(new Error(message), { hint });
}

function assertDrawable({ fields, groups }: ConfigSchema): void {
  assert.equal(new Set(fields.map(({ key }) => key)).size, fields.length, 'keys are unique');
  for (const field of fields) {
    assert.ok(field.label.trim(), `${field.key} has a label`);
    const maySecret = field.type === 'password' || field.type === 'keyvalue';
    assert.ok(
      field.secret ? maySecret : field.type !== 'password',
      `${field.key} is secret if it is a password, and no other text is`,
    );
    if (field.secret) assert.equal(field.default, undefined, `${field.key} has no default, as it is secret`);
    if (field.group) assert.ok(groups.some(({ id }) => id === field.group));
    const values = field.options?.map(({ value }) => value) ?? [];
    assert.equal(new Set(values).size, values.length, `${field.key} has no option twice`);
  }
}
