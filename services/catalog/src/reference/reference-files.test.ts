import { readFile } from 'node:fs/promises';
import t from 'tap';
import { referenceFiles } from './reference-files.js';

const root = new URL('../../../../', import.meta.url);
const onDisk = (path: string) => readFile(new URL(path, root), 'utf8').catch(() => '');

t.test(
  'what is written out of the schemas is as they are; npm run generate -w services/catalog renews it',
  async (t) => {
    for (const [path, content] of referenceFiles()) {
      const written = await onDisk(path);
      if (path.endsWith('.json')) t.same(JSON.parse(written || '{}'), JSON.parse(content), path);
      else t.equal(written, content, path);
    }
  },
);
