import t from 'tap';
import { ignoreRules } from './ignore-rules.js';

t.test('patterns ignore what Docker would', async (t) => {
  const ignores = ignoreRules('# c\nnode_modules\n**/*.log\n/dist/\nfile[0-9]?\n');
  for (const path of ['node_modules', 'node_modules/x', 'a/b.log', 'b.log', 'dist', 'file12'])
    t.ok(ignores(path), path);
  for (const path of ['src/node_modules', 'logs', 'fileab', '# c']) t.notOk(ignores(path), path);
});

t.test('an exception keeps its folders open', async (t) => {
  const ignores = ignoreRules('*\n!src/app\n');
  t.notOk(ignores('src'));
  t.notOk(ignores('src/app/x.js'));
  t.ok(ignores('src/other'));
  t.ok(ignores('docs'));
});

t.test('signs that Docker does not know are only signs', async (t) => {
  const ignores = ignoreRules('a+b(c)|{d}\n(a+)+$\n');
  t.ok(ignores('a+b(c)|{d}'));
  t.ok(ignores('(a+)+$'));
  t.notOk(ignores('aab'));
});

t.test('a broken pattern is the user’s failure', async (t) => {
  t.throws(() => ignoreRules('x[z-a]'), { name: 'UserError', code: 'dockerignore_invalid' });
});

t.test('a hostile pattern cannot stall the process', async (t) => {
  t.throws(() => ignoreRules('*a'.repeat(20)), { code: 'dockerignore_invalid' });
  t.throws(() => ignoreRules('x\n'.repeat(400)), { code: 'dockerignore_invalid' });
  const ignores = ignoreRules(`${`${'**/a/'.repeat(5)}b\n`.repeat(60)}${`${'*a'.repeat(5)}b\n`.repeat(60)}`);
  const begun = performance.now();
  t.throws(
    () => {
      for (let index = 0; index < 10_000; index++) ignores(`${'a'.repeat(200)}/${'a/'.repeat(40)}${index}`);
    },
    { code: 'dockerignore_invalid' },
  );
  t.ok(performance.now() - begun < 10_000);
});
