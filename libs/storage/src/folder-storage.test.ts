import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { packTar, packTarGz, packZip } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { createFolderStorage, digestFolder, openTree } from './index.js';

const archive = packTarGz([
  { name: 'index.html', body: 'hi' },
  { name: 'a/b', body: 'x' },
]);
const digest = `sha256:${createHash('sha256').update(archive).digest('hex')}`;

function setUp(t: Test) {
  const root = t.testdir();
  const known = new Map<string, { digest: string; format: 'tar.gz' }>();
  const storage = createFolderStorage(join(root, 'storage'), { findUpload: async (id) => known.get(id) ?? null });
  const left = async () => (await readdir(join(root, 'storage'), { recursive: true })).sort();
  return { root, known, storage, left };
}

const empty = ['tmp', 'trees', 'uploads'];

async function write(folder: string, files: Record<string, string>) {
  for (const [path, body] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), body);
  }
  return folder;
}

t.test('saves an upload under its digest, and finds it again by its id', async (t) => {
  const { storage, known, left } = setUp(t);
  const saved = await storage.saveUpload(Readable.from([archive]), 'application/gzip');
  t.same(saved, { digest, bytes: archive.length, files: 2, format: 'tar.gz' });
  t.same(await storage.saveUpload(Readable.from([archive]), 'tar.gz'), saved, 'the same bytes again');
  t.same(await left(), [...empty, `uploads/${digest.slice(7)}`]);
  known.set('one', { digest, format: 'tar.gz' });
  const file = await storage.uploadFile('one');
  t.same(await readFile(file?.path ?? ''), archive);
  t.equal(file?.digest, digest);
  await storage.removeUpload(digest);
  t.equal(await storage.uploadFile('one'), null, 'known and gone');
  t.equal(await storage.uploadFile('other'), null, 'unknown');
  known.set('evil', { digest: 'sha256:../../x', format: 'tar.gz' });
  t.equal(await storage.uploadFile('evil'), null, 'a digest that is none');
});

t.test(
  'an upload is recorded before it lies under its digest, and a tree that is put again is young again',
  async (t) => {
    const { storage, left, root } = setUp(t);
    let seen: string[] = [];
    const record = async () => {
      seen = (await left()).filter((name) => name.startsWith('uploads/'));
    };
    await storage.saveUpload(Readable.from([archive]), 'tar.gz', { record });
    t.same(seen, []);
    const failing = storage.saveUpload(Readable.from([packTar([{ name: 'x' }])]), 'tar', {
      record: () => Promise.reject(new Error('no database')),
    });
    await t.rejects(failing, { message: 'no database' });
    t.same(await left(), [...empty, `uploads/${digest.slice(7)}`].sort());

    const put = async (name: string) => storage.putTree(await write(join(root, name), { 'index.html': 'hi' }));
    const tree = await put('one');
    const index = join((await storage.treePath(tree.digest)) ?? '', '..', 'index.json');
    await utimes(index, 0, 0);
    t.same(await storage.listTrees(), [{ digest: tree.digest, madeAt: 0 }]);
    await put('two');
    t.ok(((await storage.listTrees())[0]?.madeAt ?? 0) > 0);
  },
);

t.test('leaves nothing behind when it refuses an upload', async (t) => {
  const { storage, left } = setUp(t);
  const send = (bytes: Buffer, type: string, limits = {}) => storage.saveUpload(Readable.from([bytes]), type, limits);
  await t.rejects(send(archive, 'gz'), { code: 'upload_type_unknown' });
  await t.rejects(send(archive, 'application/gzip', { bytes: 20 }), { code: 'upload_too_large' });
  await t.rejects(send(archive, 'application/zip'), { code: 'archive_invalid' });
  await t.rejects(send(packTar([{ name: '../x' }]), 'tar'), { code: 'archive_unsafe_entry' });
  await t.rejects(send(packZip([{ name: 'a' }, { name: 'b' }]), 'zip', { archive: { entries: 1 } }), {
    code: 'archive_too_large',
  });
  t.same(await left(), empty);
});

t.test('leaves nothing behind when the sender goes away or the call is aborted', async (t) => {
  const { storage, left } = setUp(t);
  const broken = new Readable({ read() {} });
  broken.push(archive.subarray(0, 20));
  const saving = storage.saveUpload(broken, 'tar.gz');
  setImmediate(() => broken.destroy());
  await t.rejects(saving, { code: 'ERR_STREAM_PREMATURE_CLOSE' });
  const stop = new AbortController();
  const endless = storage.saveUpload(new Readable({ read() {} }), 'tar.gz', { signal: stop.signal });
  setImmediate(() => stop.abort());
  await t.rejects(endless, { name: 'AbortError' });
  t.same(await left(), empty);
});

t.test('removes at start-up what a crash left more than a day ago', async (t) => {
  const { root } = setUp(t);
  const folder = await write(join(root, 'crashed'), {
    'tmp/old/files/a': 'x',
    'tmp/new': 'x',
    'trees/half/files/a': 'x',
  });
  const yesterday = new Date(Date.now() - 25 * 60 * 60 * 1_000);
  await utimes(join(folder, 'tmp/old'), yesterday, yesterday);
  await createFolderStorage(folder, { findUpload: async () => null }).treePath(digest);
  t.same(await readdir(join(folder, 'tmp')), ['new']);
});

t.test('a tree that a crash left half-made is not there', async (t) => {
  const { root, storage } = setUp(t);
  await write(join(root, 'storage/trees'), { [`${digest.slice(7)}/files/a`]: 'x' });
  t.equal(await storage.treePath(digest), null);
  const stored = await storage.putTree(await write(join(root, 'one'), { a: 'x' }));
  const files = (await storage.treePath(stored.digest)) ?? '';
  await rm(join(dirname(files), 'index.json'));
  t.same(await storage.putTree(await write(join(root, 'one'), { a: 'x' })), stored);
  t.equal(await storage.treePath(stored.digest), files, 'and is replaced');
});

const site = { 'index.html': '<p>hello</p>\n'.repeat(200), 'a/small.css': 'a{}', 'a/image.png': 'p'.repeat(5_000) };

t.test('stores a tree by a digest that depends on the files alone', async (t) => {
  const { root, storage } = setUp(t);
  const first = await storage.putTree(await write(join(root, 'one'), site));
  const reversed = Object.fromEntries(Object.entries(site).reverse());
  const second = await storage.putTree(await write(join(root, 'two'), reversed));
  t.same(second, first);
  t.equal(first.files, 3);
  t.equal(first.bytes, 2_600 + 3 + 5_000);
  t.same(await readdir(root), ['storage'], 'both folders are taken over');
  const changes: ((folder: string) => Promise<unknown>)[] = [
    (folder) => writeFile(join(folder, 'a/small.css'), 'b{}'),
    (folder) => chmod(join(folder, 'a/small.css'), 0o755),
    (folder) => write(folder, { 'a/new': '' }),
    (folder) => symlink('small.css', join(folder, 'a/link')),
    (folder) => rm(join(folder, 'a/image.png')),
  ];
  const digests = new Set([first.digest]);
  for (const change of changes) {
    const folder = await write(join(root, 'changed'), site);
    await change(folder);
    digests.add((await storage.putTree(folder)).digest);
  }
  t.equal(digests.size, 1 + changes.length, 'each change counts');
});

t.test('a stored tree is read-only and carries packed forms beside it', async (t) => {
  const { root, storage, left } = setUp(t);
  const folder = await write(join(root, 'one'), { ...site, 'index.html.br': 'its own' });
  await symlink('../index.html', join(folder, 'a/link.html'));
  const { digest } = await storage.putTree(folder);
  const files = (await storage.treePath(digest)) ?? '';
  t.equal((await lstat(join(files, 'index.html'))).mode & 0o777, 0o444);
  t.equal(await readFile(join(files, 'index.html.br'), 'utf8'), 'its own');
  const tree = await openTree(files);
  const page = tree.find('a/link.html');
  t.same(page?.encodings, ['br', 'gz']);
  t.equal(page?.path, 'index.html');
  t.equal(brotliDecompressSync(await readFile(join(tree.root('br'), 'index.html'))).toString(), site['index.html']);
  t.equal(gunzipSync(await readFile(join(tree.root('gz'), 'index.html'))).toString(), site['index.html']);
  t.same(tree.find('a/small.css')?.encodings, [], 'too small');
  t.same(tree.find('a/image.png')?.encodings, [], 'packed already');
  for (const path of ['', 'a', 'nothing', '../one', '__proto__', 'constructor']) t.equal(tree.find(path), null, path);
  await storage.removeTree(digest);
  t.equal(await storage.treePath(digest), null);
  t.same(await left(), empty);
  await storage.removeTree(digest);
});

t.test('packs large files too', async (t) => {
  const { root, storage } = setUp(t);
  const body = 'large '.repeat(1_000_000);
  const { digest } = await storage.putTree(await write(join(root, 'one'), { 'a.js': body }));
  const tree = await openTree((await storage.treePath(digest)) ?? '');
  t.same(tree.find('a.js')?.encodings, ['br', 'gz']);
  t.equal(brotliDecompressSync(await readFile(join(tree.root('br'), 'a.js'))).toString(), body);
});

t.test('refuses links that lead outside, and leaves nothing behind', async (t) => {
  const { root, storage, left } = setUp(t);
  for (const target of ['/etc/passwd', '../../x', 'a/../../x', 'loop']) {
    const folder = await write(join(root, 'one'), site);
    await symlink(target, join(folder, 'loop'));
    await t.rejects(storage.putTree(folder), { code: 'tree_unsafe_entry' }, target);
    await rm(folder, { recursive: true });
  }
  t.same(await left(), empty);
});

t.test('the same tree stored at once by several ends up there once', async (t) => {
  const { root, storage } = setUp(t);
  for (let round = 0; round < 20; round += 1) {
    const files = { ...site, 'round.txt': String(round) };
    const folders = await Promise.all(['a', 'b', 'c', 'd'].map((name) => write(join(root, name), files)));
    const stored = await Promise.all(folders.map((folder) => storage.putTree(folder)));
    t.equal(new Set(stored.map((each) => each.digest)).size, 1);
    t.equal((await readdir(join(root, 'storage/trees'))).length, round + 1);
  }
  t.same(await readdir(join(root, 'storage/tmp')), []);
  t.same(await readdir(root), ['storage']);
});

t.test('the digest of a folder depends on names, modes, contents and links, wherever they lead', async (t) => {
  // A short path: that of a socket has at most 107 bytes.
  const root = await write(await mkdtemp(join(tmpdir(), 'tree-')), site);
  t.teardown(() => rm(root, { recursive: true }));
  const seen = [await digestFolder(root)];
  const differs = async (change: Promise<unknown>) => {
    await change;
    const digest = await digestFolder(root);
    t.notOk(seen.includes(digest));
    seen.push(digest);
  };
  await differs(chmod(join(root, 'index.html'), 0o755));
  await differs(writeFile(join(root, 'index.html'), 'x'));
  await differs(mkdir(join(root, 'empty')));
  await differs(symlink('/etc/passwd', join(root, 'out')));
  await differs(rename(join(root, 'out'), join(root, 'other')));
  await utimes(join(root, 'index.html'), 1, 1);
  t.equal(await digestFolder(root), seen.at(-1));
  const server = createServer().listen(join(root, 'socket'));
  await once(server, 'listening');
  t.equal(await digestFolder(root), null);
  server.close();
});
