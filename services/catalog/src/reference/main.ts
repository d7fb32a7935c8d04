import { writeFile } from 'node:fs/promises';
import { referenceFiles } from './reference-files.js';

const root = new URL('../../../../', import.meta.url);
for (const [path, content] of referenceFiles()) await writeFile(new URL(path, root), content);
