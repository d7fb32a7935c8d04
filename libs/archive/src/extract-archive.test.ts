import { randomBytes } from 'node:crypto';
import { lstat, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type ArchiveFormat, UserError } from '@pierhead/model';
import { type PackedEntry, packTar, packTarGz, packZip } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { type ArchiveLimits, detectFormat, extractArchive, formatOfMediaType, inspectArchive } from './index.js';

const names = async (folder: string) => (await readdir(folder, { recursive: true })).sort();

async function archiveFile(t: Test, bytes: Buffer) {
  const folder = t.testdir({ out: {} });
  const path = join(folder, 'archive');
  await writeFile(path, bytes);
  return { path, out: join(folder, 'out'), folder };
}

interface Hostile {
  name: string;
  bytes: Buffer;
  format: ArchiveFormat;
  code: string;
  limits?: Partial<ArchiveLimits>;
}

async function refused(t: Test, { bytes, format, code, limits }: Hostile) {
  const { path, out, folder } = await archiveFile(t, bytes);
  await t.rejects(inspectArchive(path, format, limits), { name: 'UserError', code }, 'inspection refuses');
  await t.rejects(extractArchive(path, format, out, { limits: limits ?? {} }), { name: 'UserError', code });
  t.same(await names(folder), ['archive', 'out'], 'nothing is left behind, inside or outside');
}

const good: PackedEntry = { name: 'good.txt', body: 'good' };
const unsafe = 'archive_unsafe_entry';
const tar = (name: string, ...entries: PackedEntry[]): Hostile => ({
  name,
  bytes: packTar([good, ...entries]),
  format: 'tar',
  code: unsafe,
});

const hostileTars: Hostile[] = [
  tar('a name with ..', { name: '../evil', body: 'x' }),
  tar('a name with .. in the middle', { name: 'a/../../evil', body: 'x' }),
  tar('an absolute name', { name: '/etc/evil', body: 'x' }),
  tar('a backslash', { name: 'a\\..\\evil', body: 'x' }),
  tar('a newline', { name: 'a\nb', body: 'x' }),
  tar('an escape character', { name: 'a\u001b[2J', body: 'x' }),
  tar('an overlong part', { name: `${'n'.repeat(300)}`, body: 'x' }),
  tar('a link to an absolute path', { name: 'l', type: '2', target: '/etc/passwd' }),
  tar('a link that climbs out', { name: 'a/l', type: '2', target: '../../x' }),
  tar('a link to itself', { name: 'l', type: '2', target: 'l' }),
  tar('two links in a circle', { name: 'a', type: '2', target: 'b' }, { name: 'b', type: '2', target: 'a' }),
  tar(
    'links that climb out only together',
    { name: 'deep/a/b/', type: '5' },
    { name: 'deep/a/b/up', type: '2', target: '../../..' },
    { name: 'out', type: '2', target: 'deep/a/b/up/../x' },
  ),
  tar('a file below a link', { name: 'l', type: '2', target: '.' }, { name: 'l/evil', body: 'x' }),
  tar('a file in place of a link', { name: 'l', type: '2', target: 'good.txt' }, { name: 'l', body: 'x' }),
  tar('a folder in place of a link', { name: 'l', type: '2', target: '.' }, { name: 'l/', type: '5' }),
  tar('a hard link outside', { name: 'h', type: '1', target: '/etc/passwd' }),
  tar('a hard link with ..', { name: 'h', type: '1', target: '../../etc/passwd' }),
  tar('a hard link to a later file', { name: 'h', type: '1', target: 'later' }, { name: 'later', body: 'x' }),
  tar('a hard link to a link', { name: 'l', type: '2', target: 'x' }, { name: 'h', type: '1', target: 'l' }),
  tar('a character device', { name: 'null', type: '3' }),
  tar('a block device', { name: 'sda', type: '4' }),
  tar('a fifo', { name: 'fifo', type: '6' }),
  tar('an unknown type', { name: 'what', type: 'Z' }),
  tar('the same file twice', { name: 'good.txt', body: 'other' }),
  tar('the same file under another spelling', { name: './good.txt', body: 'other' }),
  tar('a file below a file', { name: 'good.txt/x', body: 'x' }),
  tar('a file in place of a folder', { name: 'a/b', body: 'x' }, { name: 'a', body: 'x' }),
  { ...tar('a claimed size over the cap', { name: 'big', size: 4e9 }), code: 'archive_too_large' },
  {
    ...tar('too many bytes', { name: 'a', body: 'x'.repeat(600) }, { name: 'b', body: 'x'.repeat(600) }),
    code: 'archive_too_large',
    limits: { bytes: 1_000 },
  },
  {
    ...tar('hard links that multiply', ...[1, 2, 3].map((n) => ({ name: `h${n}`, type: '1', target: 'good.txt' }))),
    code: 'archive_too_large',
    limits: { bytes: 12 },
  },
  {
    ...tar('too many entries', { name: 'a' }, { name: 'b' }, { name: 'c' }),
    code: 'archive_too_large',
    limits: { entries: 3 },
  },
  {
    ...tar('too many folders implied by one name', { name: 'a/b/c/d/e' }),
    code: 'archive_too_large',
    limits: { entries: 4 },
  },
  {
    ...tar('one folder again and again', ...Array(9).fill({ name: 'a/', type: '5' })),
    code: 'archive_too_large',
    limits: { entries: 8 },
  },
  { ...tar('too many links', { name: 'l', type: '2', target: 'x' }), code: 'archive_too_large', limits: { links: 0 } },
  { ...tar('folders too deep', { name: `${'d/'.repeat(33)}x` }), code: 'archive_too_large' },
  { ...tar('an overlong name', { name: 'abc/'.repeat(300) }), code: 'archive_too_large' },
  {
    ...tar('a truncated file', good),
    bytes: packTar([{ name: 'a', body: 'x'.repeat(2_000) }]).subarray(0, 1_500),
    code: 'archive_invalid',
  },
  { ...tar('no end', good), bytes: packTar([good]).subarray(0, 1_024), code: 'archive_invalid' },
  { ...tar('a broken header', good), bytes: breakSecondHeader(), code: 'archive_invalid' },
];

function breakSecondHeader() {
  const bytes = packTar([good, { name: 'b', body: 'x' }]);
  bytes[1_024] = 0xff;
  return bytes;
}

const zeros = (mebibytes: number) => Buffer.alloc(mebibytes * 1024 ** 2);
const noise = (bytes: number) => randomBytes(bytes);

const hostileGzips: Omit<Hostile, 'format'>[] = [
  { name: 'a bomb', bytes: packTarGz([{ name: 'bomb', body: zeros(20) }]), code: 'archive_too_large' },
  {
    name: 'a bomb behind the end',
    bytes: gzipSync(Buffer.concat([packTar([{ name: 'a', size: 12 * 1024 ** 2, body: zeros(12) }]), zeros(40)])),
    code: 'archive_too_large',
  },
  { name: 'a tar packed twice', bytes: gzipSync(packTarGz([good])), code: 'archive_invalid' },
  {
    name: 'a cut stream',
    bytes: packTarGz([{ name: 'a', body: noise(50_000) }]).subarray(0, 3_000),
    code: 'archive_invalid',
  },
  { name: 'no tar at all', bytes: gzipSync('hello'), code: 'archive_invalid' },
];

const zip = (name: string, ...entries: Parameters<typeof packZip>[0]): Hostile => ({
  name,
  bytes: packZip([{ name: 'good.txt', body: 'good' }, ...entries]),
  format: 'zip',
  code: unsafe,
});

const hostileZips: Hostile[] = [
  zip('a name with ..', { name: '../evil', body: 'x' }),
  zip('an absolute name', { name: '/evil', body: 'x' }),
  zip('a backslash', { name: '..\\evil', body: 'x' }),
  zip('a NUL', { name: 'a\u0000b', body: 'x' }),
  zip('a link outside', { name: 'l', body: '../x', mode: 0o120777 }),
  zip('a link to an absolute path', { name: 'l', body: '/etc/passwd', mode: 0o120777 }),
  zip('a link with an endless target', { name: 'l', body: 'x'.repeat(5_000), mode: 0o120777 }),
  zip('a file below a link', { name: 'l', body: '.', mode: 0o120777 }, { name: 'l/evil', body: 'x' }),
  zip('a device', { name: 'sda', mode: 0o060644 }),
  zip('a fifo', { name: 'fifo', mode: 0o010644 }),
  zip('an encrypted file', { name: 'secret', body: 'x', encrypted: true }),
  zip('the same file twice', { name: 'good.txt', body: 'x' }),
  { ...zip('a bomb', { name: 'bomb', body: zeros(20) }), code: 'archive_too_large' },
  { ...zip('a bomb that lies about its size', { name: 'bomb', body: zeros(20), size: 10 }), code: 'archive_invalid' },
  { ...zip('a wrong checksum', { name: 'a', body: 'x', crc: 1 }), code: 'archive_invalid' },
  { ...zip('a cut directory'), bytes: packZip([{ name: 'a', body: 'x' }]).subarray(0, -5), code: 'archive_invalid' },
];

t.test('tar: refuses', async (t) => {
  for (const each of hostileTars) await t.test(each.name, (t) => refused(t, each));
});
t.test('tar.gz: refuses', async (t) => {
  for (const each of hostileGzips) await t.test(each.name, (t) => refused(t, { ...each, format: 'tar.gz' }));
});
t.test('zip: refuses', async (t) => {
  for (const each of hostileZips) await t.test(each.name, (t) => refused(t, each));
});

t.test('refuses a format other than the announced one', async (t) => {
  const { path, out } = await archiveFile(t, packZip([{ name: 'a' }]));
  await t.rejects(extractArchive(path, 'tar', out), { code: 'archive_invalid' });
});

t.test('a refusal names the entry, escaped', async (t) => {
  const { path } = await archiveFile(t, packTar([{ name: 'a\nb', body: 'x' }]));
  const error = await inspectArchive(path, 'tar').catch((each) => each);
  t.ok(error instanceof UserError && error.message.includes('"a\\nb"'), error.message);
});

const tree: PackedEntry[] = [
  { name: './', type: '5' },
  { name: 'folder/', type: '5' },
  { name: 'folder/', type: '5' },
  { name: 'folder/run.sh', body: '#!', mode: 0o6755 },
  { name: './folder/plain.txt', body: 'plain', mode: 0o666 },
  { name: 'implied/empty.txt' },
  { name: 'hard', type: '1', target: 'folder/run.sh' },
  { name: 'folder/soft', type: '2', target: '../implied/empty.txt' },
  { name: 'dangling', type: '2', target: 'folder/nothing' },
  { name: `long/${'n'.repeat(150)}`, body: 'long' },
];

t.test('unpacks what is fine, with masked modes and links that stay inside', async (t) => {
  for (const [format, bytes] of [
    ['tar', packTar(tree)],
    ['tar.gz', packTarGz(tree)],
  ] as const) {
    const { path, out } = await archiveFile(t, bytes);
    const summary = await extractArchive(path, format, out);
    t.same(summary, { files: 7, bytes: 2 + 5 + 0 + 2 + 4 });
    t.same(await inspectArchive(path, format), summary);
    t.equal((await lstat(join(out, 'folder/run.sh'))).mode & 0o7777, 0o755, 'set-uid is dropped');
    t.equal((await lstat(join(out, 'folder/plain.txt'))).mode & 0o7777, 0o644);
    t.equal((await lstat(join(out, 'hard'))).nlink, 1, 'a hard link becomes a copy');
    t.equal(await readFile(join(out, `long/${'n'.repeat(150)}`), 'utf8'), 'long');
    t.equal(await readFile(join(out, 'folder/soft'), 'utf8'), '');
    t.equal(await readlink(join(out, 'dangling')), 'folder/nothing');
  }
});

t.test('unpacks a zip with folders, links and a large file', async (t) => {
  const large = noise(300_000);
  const bytes = packZip([
    { name: 'a/', mode: 0o040755 },
    { name: 'a/run', body: '#!', mode: 0o104755 },
    { name: 'made-elsewhere', body: 'x', mode: 0 },
    { name: 'ünï', body: 'x', unmarked: true },
    { name: 'a/link', body: '../made-elsewhere', mode: 0o120777 },
    { name: 'large', body: large },
  ]);
  const { path, out } = await archiveFile(t, bytes);
  t.same(await extractArchive(path, 'zip', out), { files: 5, bytes: 4 + large.length });
  t.equal((await lstat(join(out, 'a/run'))).mode & 0o7777, 0o755);
  t.equal(await readFile(join(out, 'a/link'), 'utf8'), 'x');
  t.equal(await readFile(join(out, 'ünï'), 'utf8'), 'x', 'UTF-8 that does not say so');
  t.same(await readFile(join(out, 'large')), large);
});

t.test('lifts a single top folder on request, and its links with it', async (t) => {
  const entries: PackedEntry[] = [
    { name: 'site/index.html', body: 'hi' },
    { name: 'site/site/inner', body: 'x' },
    { name: 'site/link', type: '2', target: '../site/index.html' },
    { name: '__MACOSX/site/._index.html', body: 'x' },
  ];
  const { path, out } = await archiveFile(t, packTar(entries));
  await extractArchive(path, 'tar', out, { stripSingleRoot: true });
  t.same(await names(out), ['index.html', 'link', 'site', 'site/inner']);
  t.equal(await readlink(join(out, 'link')), 'index.html');
});

t.test('keeps the top folder when it is not alone, or not asked', async (t) => {
  const { path, out } = await archiveFile(t, packTar([good, { name: 'site/a', body: 'x' }]));
  await extractArchive(path, 'tar', out, { stripSingleRoot: true });
  t.same(await names(out), ['good.txt', 'site', 'site/a']);
});

t.test('an abort stops the extraction and leaves the folder empty', async (t) => {
  const body = noise(30_000_000);
  for (const [format, bytes] of [
    ['tar', packTar([good, { name: 'a', body }])],
    ['zip', packZip([{ name: 'a', body }])],
  ] as const) {
    const { path, out } = await archiveFile(t, bytes);
    const stop = new AbortController();
    setImmediate(() => stop.abort());
    await t.rejects(extractArchive(path, format, out, { signal: stop.signal }), { name: 'AbortError' });
    t.same(await names(out), []);
  }
});

t.test('never writes into a folder that holds something', async (t) => {
  const { path, folder } = await archiveFile(t, packTar([good]));
  await t.rejects(extractArchive(path, 'tar', folder), /not empty/);
  t.same(await names(folder), ['archive', 'out']);
});

t.test('tells formats by their first bytes and by media type', async (t) => {
  const formats: [Buffer, ArchiveFormat | null][] = [
    [packTar([good]), 'tar'],
    [packTarGz([good]), 'tar.gz'],
    [packZip([{ name: 'a' }]), 'zip'],
    [packZip([]), 'zip'],
    [Buffer.from('hello'), null],
    [Buffer.alloc(0), null],
    [Buffer.alloc(2_000), null],
  ];
  for (const [bytes, format] of formats) {
    const { path } = await archiveFile(t, bytes);
    t.equal(await detectFormat(path), format);
  }
  t.equal(formatOfMediaType('Application/GZIP; x=y'), 'tar.gz');
  t.equal(formatOfMediaType('constructor'), null);
});
