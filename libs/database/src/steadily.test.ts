import t from 'tap';
import { isUnreachable, steadily } from './steadily.js';

const coded = (code: string) => Object.assign(new Error(code), { code });

t.test('a statement is repeated while the database is away, also where the fault is wrapped', async (t) => {
  const faults = [
    coded('57P01'),
    coded('ECONNREFUSED'),
    new Error('Failed query', { cause: coded('CONNECTION_CLOSED') }),
  ];
  const answer = await steadily(async () => {
    const fault = faults.shift();
    if (fault) throw fault;
    return 'there';
  });
  t.equal(answer, 'there');
  t.same(faults, []);
});

t.test('a wrong statement is not', async (t) => {
  let tries = 0;
  const wrong = () => {
    tries += 1;
    return Promise.reject(coded('23505'));
  };
  await t.rejects(steadily(wrong), { code: '23505' });
  t.equal(tries, 1);
});

t.test('what is no error of the database is none', async (t) => {
  for (const each of [null, 'x', new Error('x'), new TypeError('x'), coded('ENOSPC')])
    t.equal(isUnreachable(each), false);
});

t.test('a missing socket is a server that is away, any other missing file is not', async (t) => {
  const missing = (syscall: string) => Object.assign(coded('ENOENT'), { syscall });
  t.equal(isUnreachable(missing('connect')), true);
  t.equal(isUnreachable(missing('open')), false);
});
