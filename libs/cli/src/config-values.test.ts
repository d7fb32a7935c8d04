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
  t.match(refused('path'), { code: 'invalid_assignment' });
  t.throws(() => splitAssignment('=x'), { code: 'invalid_assignment' });
});
