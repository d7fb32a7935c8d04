import t from 'tap';
import { pointer, pointerKeys } from './json-pointer.js';
import { schemaProblems } from './schema-problems.js';
import { Compile, Type } from './typebox.js';

const schema = Type.Object(
  {
    name: Type.String({ maxLength: 3, pattern: '^[a-z]+$' }),
    port: Type.Integer({ maximum: 10 }),
    mode: Type.Enum(['a', 'b']),
    both: Type.Union([Type.String(), Type.Object({ y: Type.String() })]),
    map: Type.Record(Type.String(), Type.String({ minLength: 2 })),
  },
  { additionalProperties: false },
);
const validator = Compile(schema);
const wording = { nameOf: (path: string) => path };
const codes = (value: unknown) =>
  schemaProblems(validator.Errors(value), wording).map(({ path, code }) => `${path} ${code}`);

t.test('says everything that is wrong at once, with paths and codes', async (t) => {
  const value = { name: 'UPPER', port: 99, mode: 'c', both: { y: 1 }, map: { k: 'v' }, 'a/b~': 1 };
  t.same(codes(value).sort(), [
    '/a~1b~0 unknown_key',
    '/both type',
    '/map/k too_short',
    '/mode not_an_option',
    '/name too_long',
    '/port maximum',
  ]);
});

t.test('names each missing key', async (t) => {
  t.same(codes({}), ['/name required', '/port required', '/mode required', '/both required', '/map required']);
});

t.test('reports more than a handful of errors', async (t) => {
  const many = Compile(Type.Array(Type.String()));
  t.equal(schemaProblems(many.Errors(Array(100).fill(1)), wording).length, 100);
});

t.test('messages carry no values', async (t) => {
  const problems = schemaProblems(validator.Errors({ name: 'hunter2-secret', mode: 'hunter2' }), wording);
  t.notMatch(JSON.stringify(problems), /hunter2/);
});

t.test('pointers escape and unescape any key', async (t) => {
  const keys = ['', 'a/b', '~1', '~0', 'ü'];
  t.same(pointerKeys(pointer(...keys)), keys);
});
