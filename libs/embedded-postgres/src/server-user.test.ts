import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { canReach, findUser } from './server-user.js';

t.test('a user is read from a passwd file; root and malformed lines are nobody', async (t) => {
  const passwd = 'root:x:0:0::/root:/bin/sh\npostgres:x:101:104::/var/lib/postgresql:/bin/bash\nbroken:x\n';
  t.same(findUser(passwd, 'postgres'), { uid: 101, gid: 104 });
  t.equal(findUser(passwd, 'root'), null);
  t.equal(findUser(passwd, 'broken'), null);
  t.equal(findUser(passwd, 'nobody'), null);
});

t.test('another user reaches a folder only when every folder above lets it pass', async (t) => {
  const dir = t.testdir({ private: { inside: {} } });
  await chmod(join(dir, 'private'), 0o700);
  const stranger = { uid: 54_321, gid: 54_321 };
  t.equal(await canReach(join(dir, 'private', 'inside'), stranger), false);
  t.equal(await canReach('/', stranger), true);
  t.equal(await canReach(join(dir, 'private', 'inside'), null), true);
});
