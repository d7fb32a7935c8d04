import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';

const fixture = fileURLToPath(new URL('./fixtures/list-loaded-modules.js', import.meta.url));

/** The modules that the built-in manifests import when they are asked for an instance. */
async function implementations(): Promise<string[]> {
  const lists = await Promise.all(
    ['providers', 'builders', 'runtimes'].map(async (lib) => {
      const folder = new URL(`../../../libs/${lib}/dist/`, import.meta.url);
      const index = await readFile(new URL('index.js', folder), 'utf8');
      const ids = [...index.matchAll(/from "\.\/([\w-]+)\/index\.js"/g)].map((match) => match[1]!);
      const manifests = await Promise.all(ids.map((id) => readFile(new URL(`${id}/index.js`, folder), 'utf8')));
      return manifests.flatMap((text, at) =>
        [...text.matchAll(/import\("\.\/([\w-]+\.js)"\)/g)].map((match) => `/${lib}/dist/${ids[at]}/${match[1]}`),
      );
    }),
  );
  return lists.flat();
}

t.test('a catalog that has told everything has loaded no implementation', async (t) => {
  const expected = await implementations();
  t.ok(expected.length >= 9, 'every built-in entry has an implementation');
  const { stdout } = await promisify(execFile)(process.execPath, [fixture], { maxBuffer: 16 * 2 ** 20 });
  const loaded = JSON.parse(stdout) as string[];
  t.ok(
    loaded.some((url) => url.endsWith('/libs/providers/dist/git/index.js')),
    'loaded modules are seen',
  );
  for (const path of expected)
    t.notOk(
      loaded.some((url) => url.endsWith(path)),
      path,
    );
  for (const name of ['dockerode', 'tar-stream', 'yauzl'])
    t.notOk(
      loaded.some((url) => url.includes(`/node_modules/${name}/`)),
      name,
    );
});
