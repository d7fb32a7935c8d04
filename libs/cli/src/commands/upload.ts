import { upload } from '@pierhead/client';
import { listing } from '../columns.js';
import { openArchive } from '../open-archive.js';
import type { AddCommands } from '../session.js';

export const addUpload: AddCommands = (program, session) => {
  program
    .command('upload')
    .argument('<path>', 'a folder, or a .tar, .tar.gz, .tgz or .zip archive')
    .description('upload source or files ready to serve; a folder goes without its .git')
    .action(async (path: string) => {
      const { client, show } = await session();
      const { content, type } = await openArchive(path);
      const answer = await upload(client, content, type);
      const { id, digest, bytes, files } = answer;
      show(answer, () => listing({ id, digest, bytes: String(bytes), files: String(files) }));
    });
};
