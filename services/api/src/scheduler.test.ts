import t from 'tap';
import { cronFault, isTimeZone, nextTime } from './cron.js';
import { dueTime } from './scheduler.js';

const at = (time: string) => new Date(`2030-03-31T${time}Z`);
const schedule = { name: 'n', cron: '0 * * * *', timeZone: 'UTC', command: ['true'], timeoutSeconds: 60 };
const due = (since: string, last: string | null, now: string) =>
  dueTime({ serviceId: 's', schedule, since: at(since), last: last === null ? null : at(last) }, at(now));

t.test('the last time that nobody saw to is due, and it alone', async (t) => {
  t.equal(due('10:30:00', null, '10:59:59'), null, 'none has passed since it was made');
  t.same(due('10:30:00', null, '13:20:00'), at('13:00:00'));
  t.equal(due('10:30:00', '13:00:00', '13:20:00'), null);
  t.same(due('10:30:00', '12:00:00', '13:20:00'), at('13:00:00'));
  t.equal(due('13:10:00', '12:00:00', '13:20:00'), null, 'what came before a change is past');
});

t.test('a time zone counts, through its summer time too', async (t) => {
  const nightly = { cron: '30 2 * * *', timeZone: 'Europe/Berlin' };
  t.same(nextTime(nightly, new Date('2030-03-29T12:00:00Z')), new Date('2030-03-30T01:30:00Z'));
  t.same(nextTime(nightly, new Date('2030-03-31T12:00:00Z')), new Date('2030-04-01T00:30:00Z'));
  t.ok(isTimeZone('Europe/Berlin') && isTimeZone('UTC'));
  for (const name of ['', 'Nowhere/Else', '../etc', 'x'.repeat(64)]) t.notOk(isTimeZone(name), name);
});

t.test('an expression is good, or told what is wrong with it', async (t) => {
  const good = ['* * * * *', '*/10 * * * * *', '0 3 * * THU', '0 0 L * *', '0 0 1 JAN-MAR ?', '0 0 * * 5#2'];
  for (const cron of good) t.equal(cronFault(cron), null, cron);
  const faulty = [
    '',
    '* *',
    '@daily',
    '99 * * * *',
    'H * * * *',
    '0 H(0-5) * * *',
    '0 0 30 2 *',
    '*  * * * *',
    'a b c d e',
  ];
  for (const cron of faulty) t.type(cronFault(cron), 'string', cron);
});
