import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { openApiDocument } from '@pierhead/api';
import openapiTypescript, { astToString, COMMENT_HEADER } from 'openapi-typescript';
import t from 'tap';

const schemaFile = fileURLToPath(new URL('../src/schema.ts', import.meta.url));

t.test('the types are those of the API as it is; `npm run generate -w libs/client` makes them so', async (t) => {
  const document = JSON.parse(JSON.stringify(await openApiDocument()));
  const expected = `${COMMENT_HEADER}${astToString(await openapiTypescript(document))}`;
  t.ok((await readFile(schemaFile, 'utf8')) === expected, 'schema.ts is up to date');
});
