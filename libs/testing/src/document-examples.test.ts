import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const run = promisify(execFile);

/** The files that a document shows: blocks of code under a line such as `**libs/x/src/y.ts**`. */
function filesIn(text: string): Map<string, string> {
  const found = text.matchAll(/^\*\*`libs\/[a-z]+\/src\/([^`]+\.ts)`\*\*\n\n```ts\n(.*?)^```/gms);
  return new Map([...found].map(([, name, body]) => [name!, body!]));
}

for (const document of ['adding-a-provider.md', 'adding-a-builder.md']) {
  t.test(`the example in ${document} compiles and keeps its contract`, async (t) => {
    // Below this package, so that the example's imports are found as they would be in its place.
    const folder = t.testdir({});
    const files = filesIn(await readFile(join(root, 'docs', document), 'utf8'));
    const tests = [...files.keys()].filter((name) => name.endsWith('.test.ts'));
    t.equal(files.size, 4, 'manifest, config, logic and test');
    t.equal(tests.length, 1, 'one test');
    for (const [name, body] of files) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), body);
    }
    const esbuild = join(root, 'node_modules/.bin/esbuild');
    await run(esbuild, [...files.keys(), '--outbase=.', '--outdir=dist', '--format=esm', '--log-level=warning'], {
      cwd: folder,
    });
    const { stdout } = await run(process.execPath, [join(folder, 'dist', tests[0]!.replace(/ts$/, 'js'))], {
      env: { ...process.env, TAP_BAIL: '0' },
    });
    t.match(stdout, /^ok 9 - /m, 'nine of the contract hold');
    t.notMatch(stdout, /not ok/);
  });
}
