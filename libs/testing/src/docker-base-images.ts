import { execFile } from 'node:child_process';
import { lstat, readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { type Engine, followJson, inspectImage, openStream } from '@pierhead/docker';
import { type Pack, pack } from 'tar-stream';

const run = promisify(execFile);
const labels = 'LABEL pierhead.fixture=base-image';
const certificates = '/etc/ssl/certs/ca-certificates.crt';

/** Imports `busybox:latest` and a stand-in for `node:20-slim` from this machine's own files, unless they are there. */
export async function importBaseImages(engine: Engine): Promise<void> {
  await importBusybox(engine);
  await ensure(engine, 'node', '20-slim', packNode, [`ENV NODE_EXTRA_CA_CERTS=${certificates}`, 'CMD ["node"]']);
}

/** Imports `busybox:latest` alone. */
export const importBusybox = (engine: Engine): Promise<void> =>
  ensure(engine, 'busybox', 'latest', packBusybox, ['CMD ["sh"]']);

async function ensure(
  engine: Engine,
  repo: string,
  tag: string,
  fill: (tar: Pack) => Promise<void>,
  changes: string[],
): Promise<void> {
  if (await inspectImage(engine, `${repo}:${tag}`)) return;
  const tar = pack();
  const filled = fill(tar).then(() => tar.finalize());
  const query = { fromSrc: '-', repo, tag, changes: [labels, 'ENV PATH=/usr/bin:/bin', ...changes] };
  const file = Readable.from(tar, { objectMode: false });
  const output = await openStream(engine, { method: 'POST', path: '/images/create', query, file });
  for await (const event of followJson(output)) if (event.error) throw new Error(String(event.error));
  await filled;
}

async function packBusybox(tar: Pack): Promise<void> {
  await addFile(tar, '/bin/busybox', 'bin/busybox');
  const { stdout } = await run('/bin/busybox', ['--list']);
  for (const applet of stdout.split('\n')) {
    if (applet && applet !== 'busybox') tar.entry({ name: `bin/${applet}`, type: 'symlink', linkname: 'busybox' });
  }
  addText(tar, 'etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000:node:/home/node:/bin/sh\n');
  addText(tar, 'etc/group', 'root:x:0:\nnode:x:1000:\n');
  tar.entry({ name: 'tmp', type: 'directory', mode: 0o1777 });
  tar.entry({ name: 'root', type: 'directory', mode: 0o700 });
  tar.entry({ name: 'home/node', type: 'directory', uid: 1000, gid: 1000 });
  tar.entry({ name: 'usr/bin', type: 'directory' });
}

async function packNode(tar: Pack): Promise<void> {
  await packBusybox(tar);
  await addFile(tar, process.execPath, 'usr/bin/node');
  tar.entry({ name: 'usr/bin/env', type: 'symlink', linkname: '/bin/busybox' });
  for (const library of await libraries()) await addFile(tar, library, library.slice(1));
  if (await exists(certificates)) await addFile(tar, certificates, certificates.slice(1));
  await addNpm(tar);
}

/** What `ldd` names, and what the C library loads at run time to resolve host names. */
async function libraries(): Promise<string[]> {
  const { stdout } = await run('ldd', [process.execPath]);
  const linked = [...stdout.matchAll(/(\/[^\s(]+)/g)].map((match) => match[1] as string);
  const folder = dirname(linked.find((path) => path.includes('libc.so')) ?? '/lib/libc.so');
  const resolvers = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'].map((name) => join(folder, name));
  const found = await Promise.all(resolvers.map(exists));
  return [...new Set([...linked, ...resolvers.filter((_, index) => found[index])])];
}

async function addNpm(tar: Pack): Promise<void> {
  const npm = await realpath(join(dirname(process.execPath), '../lib/node_modules/npm')).catch(() => null);
  if (!npm) return;
  await addFolder(tar, npm, 'usr/lib/node_modules/npm');
  for (const name of ['npm', 'npx']) {
    tar.entry({ name: `usr/bin/${name}`, type: 'symlink', linkname: `../lib/node_modules/npm/bin/${name}-cli.js` });
  }
}

async function addFolder(tar: Pack, folder: string, name: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const target = join(name, path.slice(folder.length));
    if (entry.isFile()) await addFile(tar, path, target);
    if (entry.isSymbolicLink()) tar.entry({ name: target, type: 'symlink', linkname: await readlink(path) });
  }
}

async function addFile(tar: Pack, path: string, name: string): Promise<void> {
  const source = await realpath(path);
  const content = await readFile(source);
  const { mode } = await lstat(source);
  await new Promise<void>((resolve, reject) => {
    tar.entry({ name, mode: mode & 0o777 }, content, (error) => (error ? reject(error) : resolve()));
  });
}

const addText = (tar: Pack, name: string, text: string) => tar.entry({ name, mode: 0o644 }, text);
const exists = async (path: string) => (await lstat(path).catch(() => null)) !== null;
