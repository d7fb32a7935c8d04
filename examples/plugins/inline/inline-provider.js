import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '@pierhead/plugin';

/** @returns {import('@pierhead/plugin').Provider<{ files: { path: string, content: string }[] }>} */
export const createInlineProvider = () => ({
  async resolveRevision({ files }, want) {
    if (want.ref || want.revision) throw new UserError('inline_has_no_revisions', 'There are no revisions to choose.');
    const paths = files.map(({ path }) => path);
    const twice = paths.find((path, index) => paths.indexOf(path) !== index);
    if (twice) throw new UserError('inline_path_twice', `"${twice}" is there twice.`, { hint: 'Rename one of them.' });
    return { id: createHash('sha256').update(JSON.stringify(files)).digest('hex') };
  },

  async fetchSource(_revision, { files }, workspace, { signal, log }) {
    for (const { path, content } of files) {
      signal.throwIfAborted();
      await mkdir(dirname(join(workspace, path)), { recursive: true });
      await writeFile(join(workspace, path), content);
    }
    log(`Wrote ${files.length} files`);
    return { kind: 'tree', path: workspace };
  },
});
