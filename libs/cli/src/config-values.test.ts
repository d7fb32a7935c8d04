import t from 'tap';
import { configOf, type Field, splitAssignment } from './config-values.js';

const fields: Field[] = [
  { key: 'path', type: 'text' },
  { key: 'token', type: 'password' },
  { key: 'port', type: 'integer' },
  { key: 'cpus', type: 'number' },
  { key: 'clean', type: 'boolean' },
  { key: 'rules', type: 'json' },
  { key: 'command', type: 'array' },
  { key: 'parts', type: 'multiselect' },
  { key: 'args', type: 'keyvalue' },
  {
    key: 'headers',
    type: 'array',
    items: [
      { key: 'name', type: 'text' },
      { key: 'max', type: 'integer' },
      { key: 'only.paths', type: 'array' },
    ],
  },
  { key: 'health.path', type: 'text' },
  { key: 'health.after.seconds', type: 'integer' },
  { key: 'health.headers', type: 'keyvalue' },
];

t.test('values are of the type that their field says', async (t) => {
  t.same(configOf(fields, ['path=12', 'token=a=b==', 'port=8080', 'cpus=0.5', 'clean=false', 'rules={"a":[1]}']), {
    path: '12',
    token: 'a=b==',
    port: 8080,
    cpus: 0.5,
    clean: false,
    rules: { a: [1] },
  });
  t.same(configOf(fields, ['path=']), { path: '' });
  t.same(configOf(fields, ['path=first', 'path=second']), { path: 'second' });
  t.same(configOf([], []), {});
});

t.test('a key with dots reaches into objects', async (t) => {
  t.same(configOf(fields, ['health.path=/up', 'health.after.seconds=3', 'health.headers.X-A=1']), {
    health: { path: '/up', after: { seconds: 3 }, headers: { 'X-A': '1' } },
  });
});

t.test('lists grow with each assignment, or come as JSON', async (t) => {
  t.same(configOf(fields, ['command=npm', 'command=start', 'parts=["a","b"]']), {
    command: ['npm', 'start'],
    parts: ['a', 'b'],
  });
  t.same(configOf(fields, ['command=[ -f x ]', 'command={"a":1}']), { command: ['[ -f x ]', '{"a":1}'] });
});

t.test('the entries of a list are set field by field, or come as JSON', async (t) => {
  t.same(configOf(fields, ['headers.0.name=A', 'headers.0.max=3', 'headers.1.name=B', 'headers.1.only.paths=/x']), {
    headers: [
      { name: 'A', max: 3 },
      { name: 'B', only: { paths: ['/x'] } },
    ],
  });
  t.same(configOf(fields, ['headers={"name":"A"}', 'headers=[{"name":"B"}]', 'headers.1.max=2']), {
    headers: [{ name: 'A' }, { name: 'B', max: 2 }],
  });
});

t.test('an object comes as JSON, beside fields of its own', async (t) => {
  t.same(configOf(fields, ['health={"path":"/up","headers":{"A":"1"}}', 'health.headers.B=2']), {
    health: { path: '/up', headers: { A: '1', B: '2' } },
  });
  t.same(configOf(fields, ['health.after={"seconds":3}']), { health: { after: { seconds: 3 } } });
});

t.test('keyvalue fields take a name after a dot, or JSON', async (t) => {
  t.same(configOf(fields, ['args.A=1', 'args.B.c=x=y', 'args={"C":"3"}', 'args.__proto__=p']).args, {
    A: '1',
    'B.c': 'x=y',
    C: '3',
    ['__proto__']: 'p',
  });
  t.equal(Object.hasOwn(Object.prototype, 'p'), false);
});

t.test('what does not fit is refused with the key', async (t) => {
  const refused = (assignment: string) => {
    try {
      configOf(fields, [assignment]);
    } catch (error) {
      return error;
    }
  };
  t.match(refused('prot=1'), { code: 'unknown_field', detail: /prot/, hint: /path, token, port/ });
  t.match(refused('path.x=1'), { code: 'unknown_field' });
  t.match(refused('port=80.5'), { code: 'invalid_value', detail: /port must be a whole number/ });
  t.match(refused('port='), { code: 'invalid_value' });
  t.match(refused('cpus=lots'), { code: 'invalid_value', detail: /number/ });
  t.match(refused('clean=yes'), { code: 'invalid_value', detail: /true or false/ });
  t.match(refused('rules={'), { code: 'invalid_value', detail: /JSON/ });
  t.match(refused('args=1'), { code: 'invalid_value', detail: /args\.NAME=value/ });
  t.match(refused('headers=x'), { code: 'invalid_value', detail: /headers\.0\.name=value, or JSON/ });
  t.match(refused('headers.name=x'), { code: 'invalid_value', detail: /headers\.0\.FIELD=value/ });
  t.match(refused('headers.1.name=x'), { code: 'invalid_value', detail: /entry 0 comes next/ });
  t.match(refused('headers.0.nmae=x'), { code: 'unknown_field', detail: /headers\.0\.nmae/, hint: /name, max/ });
  t.match(refused('headers.0.max=x'), { code: 'invalid_value', detail: /whole number|a number/ });
  t.match(refused('health=x'), { code: 'invalid_value', detail: /health\.FIELD=value, or JSON/ });
  t.match(refused('path'), { code: 'invalid_assignment' });
  t.throws(() => splitAssignment('=x'), { code: 'invalid_assignment' });
});
