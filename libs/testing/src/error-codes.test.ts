import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const entryKinds = ['provider', 'builder', 'runtime'];

/** Codes that are put together from parts, by the template that does so. */
const templates: Record<string, string[]> = {
  '${kind}_version_gone': entryKinds.map((kind) => `${kind}_version_gone`),
  '${kind}_version_unknown': entryKinds.map((kind) => `${kind}_version_unknown`),
  '${kind}_disabled': entryKinds.map((kind) => `${kind}_disabled`),
  '${kind}_unknown': entryKinds.map((kind) => `${kind}_unknown`),
  '${kind}_not_found': entryKinds.map((kind) => `${kind}_not_found`),
  '${this.kind}_not_loadable': entryKinds.map((kind) => `${kind}_not_loadable`),
  "${field === 'errorPage' ? 'error_page' : field}_not_found": ['index', 'fallback', 'error_page'].map(
    (field) => `${field}_not_found`,
  ),
};

/** Words that look like codes: other names of tokens, a part of a code, a folder, a sequence, what is measured. */
const noCodes = new Set([
  'access_token',
  'api_key',
  'disabled_entries',
  'error_page',
  'node_modules',
  'release_traffic',
  'release_version',
  'synchronous_commit',
]);
const metric = /^(pierhead|http|process)_/;

async function sources(): Promise<string[]> {
  const names = await Promise.all(
    ['libs', 'services'].map(async (group) =>
      (await readdir(join(root, group)))
        .filter((name) => name !== 'testing')
        .map((name) => join(root, group, name, 'src')),
    ),
  );
  const files = names.flat().map(async (folder) => {
    const found = await readdir(folder, { recursive: true }).catch(() => []);
    return found.filter(isSource).map((name) => join(folder, name));
  });
  return Promise.all((await Promise.all(files)).flat().map((path) => readFile(path, 'utf8')));
}

/** Tests and the columns of the database hold no codes of ours; neither does what is generated. */
const isSource = (name: string) =>
  name.endsWith('.ts') && !/\.test\.ts$|(^|\/)fixtures?[./]|(^|\/)(tables|schema)\.ts$/.test(name);

const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1]!);

function codesIn(text: string): string[] {
  const words = matches(text, /'([a-z][a-z0-9]*(?:_[a-z0-9]+)+)'/g).filter(
    (word) => !noCodes.has(word) && !metric.test(word),
  );
  // One word alone is a code only where it stands as one.
  return [...words, ...matches(text, /\bcode: '([a-z]+)'/g), ...matches(text, /\bat\('([a-z]+)',/g)];
}

const templatesIn = (text: string) =>
  matches(text, /`((?:[a-z]+_)?\$\{[^`{}]+\}(?:_[a-z]+)*)`/g).filter((each) =>
    each.replace(/\$\{.*\}/, '').includes('_'),
  );

t.test('every code in the sources is in the document, and every code in the document is in the sources', async (t) => {
  const texts = await sources();
  const document = await readFile(join(root, 'docs/errors.md'), 'utf8');
  const rows = document.split('\n').filter((line) => line.startsWith('| `'));
  const documented = new Set(rows.flatMap((row) => matches(row.split('|')[1]!, /`([a-z0-9_]+)`/g)));
  const used = texts.flatMap(templatesIn);
  t.same(
    used.filter((each) => !(each in templates)),
    [],
    'each template is known to this test',
  );
  const found = new Set([...texts.flatMap(codesIn), ...used.flatMap((each) => templates[each] ?? [])]);
  t.ok(found.size > 100, 'the sources were read');
  t.same([...found].filter((code) => !documented.has(code)).sort(), [], 'missing in docs/errors.md');
  const isWritten = (code: string) => texts.some((text) => text.includes(`'${code}'`));
  t.same([...documented].filter((code) => !found.has(code) && !isWritten(code)).sort(), [], 'nowhere in the sources');
});
