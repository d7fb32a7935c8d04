import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { extractArchive } from '@pierhead/archive';
import {
  type CallContext,
  type Problem,
  type Provider,
  type Revision,
  type Source,
  type UploadFile,
  UserError,
  type Want,
} from '@pierhead/model';
import type { ArchiveConfig } from './archive-config.js';

/** A provider that unpacks an uploaded archive, and says of it that it is source to build or files to serve. */
export function createArchiveProvider(kind: 'tree' | 'site'): Provider<ArchiveConfig> {
  return {
    validateConfig: async ({ uploadId }, context) => ((await context.storage.uploadFile(uploadId)) ? [] : [missing]),
    resolveRevision: resolve,
    fetchSource: async (revision, config, workspace, context) => {
      const upload = await requireUpload(config, context);
      if (upload.digest !== revision.id) throw changed(revision);
      const { files, bytes } = await extractArchive(upload.path, upload.format, workspace, {
        signal: context.signal,
        stripSingleRoot: true,
      });
      context.log(`Unpacked ${files} files, ${bytes} bytes`);
      return { kind, path: await findFolder(workspace, config.folder ?? '') } satisfies Source;
    },
  };
}

const uploadHint = 'Upload the archive again and save the service with the id that it gets.';
const missing: Problem = { path: '/uploadId', code: 'upload_not_found', message: 'There is no such upload.' };

async function resolve(config: ArchiveConfig, want: Want, context: CallContext): Promise<Revision> {
  if (want.ref !== undefined || want.revision !== undefined)
    throw new UserError('revision_not_supported', 'An uploaded archive has no branches, tags or commits to choose.', {
      hint: 'Deploy without a ref and a revision, or upload another archive.',
    });
  return { id: (await requireUpload(config, context)).digest };
}

async function requireUpload({ uploadId }: ArchiveConfig, context: CallContext): Promise<UploadFile> {
  const upload = await context.storage.uploadFile(uploadId);
  if (upload) return upload;
  throw new UserError('upload_not_found', `There is no upload ${uploadId}.`, { hint: uploadHint });
}

const changed = (revision: Revision) =>
  new UserError('upload_changed', `The upload is no longer the one that was resolved, ${revision.id}.`, {
    hint: 'Deploy again.',
  });

/** The folder's real path, which must be inside the workspace whatever links the archive holds. */
async function findFolder(workspace: string, folder: string): Promise<string> {
  const root = await realpath(workspace);
  const found = await realpath(join(root, folder)).catch(() => null);
  const inside = found !== null && (found === root || found.startsWith(root + sep));
  if (inside && (await stat(found)).isDirectory()) return found;
  throw new UserError('folder_not_found', `The archive has no folder ${JSON.stringify(folder)}.`, {
    hint: `At its top it has: ${await listing(root)}.`,
  });
}

async function listing(folder: string): Promise<string> {
  const names = (await readdir(folder)).sort();
  const more = names.length > 10 ? `, and ${names.length - 10} more` : '';
  return names.length === 0 ? 'nothing' : names.slice(0, 10).join(', ') + more;
}
