import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ensureKeys, openDataFolder } from './data-folder.js';

const key = () => randomBytes(32).toString('base64');

async function setUp(t: Test) {
  const folder = await openDataFolder(t.testdir());
  t.teardown(() => folder.lock.release());
  return { folder, file: join(folder.path, 'secret-key') };
}

t.test('the first line of the key file seals, the others are old keys', async (t) => {
  const { folder, file } = await setUp(t);
  const [first, second, third] = [key(), key(), key()];
  await writeFile(file, `${first}\n${second}\n\n${third}\n`);
  t.match(await ensureKeys(folder, {}), { secretKey: first, oldSecretKeys: [second, third] });
  const old = await ensureKeys(folder, { oldSecretKeys: [third] });
  t.same(old.oldSecretKeys, [third, second], 'the variable comes first');
  const own = key();
  const given = await ensureKeys(folder, { secretKey: own, oldSecretKeys: [] });
  t.match(given, { secretKey: own, oldSecretKeys: [first, second, third] }, 'a key of the configuration seals');
});

t.test('a key is made once, and none where the configuration has one', async (t) => {
  const { folder, file } = await setUp(t);
  await ensureKeys(folder, { secretKey: key() });
  await t.rejects(readFile(file), { code: 'ENOENT' });
  const { secretKey, oldSecretKeys } = await ensureKeys(folder, {});
  t.equal(Buffer.from(secretKey, 'base64').length, 32);
  t.same(oldSecretKeys, []);
  t.equal((await ensureKeys(folder, {})).secretKey, secretKey);
});

t.test('a line that is no key is told, and the file is left alone', async (t) => {
  const { folder, file } = await setUp(t);
  await writeFile(file, `${key()}\nshort\n`);
  await t.rejects(ensureKeys(folder, {}), { code: 'secret_key_unreadable', message: /secret-key cannot be read/ });
  t.match(await readFile(file, 'utf8'), /short/);
});
