// The declarations name the model as a package, which is not published: they are pointed to its own, packed beside them.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

const types = new URL('dist/types/', import.meta.url).pathname;
const model = join(types, 'model/src/index.js');

for (const name of await readdir(types, { recursive: true })) {
  if (!name.endsWith('.d.ts')) continue;
  const file = join(types, name);
  const path = relative(dirname(file), model);
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replaceAll("'@pierhead/model'", `'${path.startsWith('.') ? path : `./${path}`}'`));
}
