import { access, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const skipped = /(^|\/)(node_modules|dist|\.[^/]+|tmp|bench-results)\//;

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

async function documents(): Promise<string[]> {
  const below = await Promise.all(
    ['docs', 'libs', 'services', 'examples'].map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true })).map((name) => join(folder, name)),
    ),
  );
  return ['README.md', 'CHANGELOG.md', ...below.flat()].filter((name) => name.endsWith('.md') && !skipped.test(name));
}

/** Links to other files and headings, outside of code. */
function linksIn(text: string): string[] {
  const prose = text.replaceAll(/^```.*?^```/gms, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!).filter((link) => !/^[a-z]+:/.test(link));
}

const anchorsIn = (text: string) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

async function isDead(document: string, link: string): Promise<boolean> {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? join(root, document) : join(root, dirname(document), path);
  if (!(await exists(target))) return true;
  return anchor !== undefined && !anchorsIn(await readFile(target, 'utf8')).includes(anchor);
}

t.test('no document links to what is not there', async (t) => {
  let links = 0;
  const dead: string[] = [];
  for (const document of await documents()) {
    for (const link of linksIn(await readFile(join(root, document), 'utf8'))) {
      links += 1;
      if (await isDead(document, link)) dead.push(`${document}: ${link}`);
    }
  }
  t.same(dead, []);
  t.ok(links > 20, `${links} links were followed`);
});
