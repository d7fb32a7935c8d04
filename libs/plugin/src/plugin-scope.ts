import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Storage } from '@pierhead/model';
import { fileList } from './conformance/file-list.js';
import type { PluginScope } from './conformance/fixtures.js';

/** A scope whose folders lie in one workspace, with a storage of its own. */
export interface OpenScope extends PluginScope {
  workspace: string;
  storage: Storage;
}

export async function openScope(): Promise<{ scope: OpenScope; close(): Promise<void> }> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'pierhead-plugin-')));
  const workspace = join(root, 'workspace');
  await mkdir(workspace);
  const handlers = [() => rm(root, { recursive: true, force: true }) as unknown];
  const scope: OpenScope = {
    workspace,
    storage: folderStorage(join(root, 'storage')),
    teardown: (handler) => void handlers.unshift(handler),
    async folder(files = {}) {
      const folder = await mkdtemp(join(workspace, 'folder-'));
      await Promise.all(Object.entries(files).map(([path, content]) => write(join(folder, path), content)));
      return folder;
    },
  };
  const close = async () => {
    for (const handler of handlers) await handler();
  };
  return { scope, close };
}

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/** Keeps trees in a folder, by digest; there are no uploads. */
function folderStorage(root: string): Storage {
  const kept = new Map<string, string>();
  return {
    uploadFile: async () => null,
    async putTree(folder) {
      const list = await fileList(folder);
      const hash = createHash('sha256').update(list.join('\n')).digest('hex');
      await cp(folder, join(root, hash), { recursive: true });
      kept.set(`sha256:${hash}`, join(root, hash));
      return { digest: `sha256:${hash}`, bytes: 0, files: list.length };
    },
    treePath: async (digest) => kept.get(digest) ?? null,
    removeTree: async (digest) => void kept.delete(digest),
  };
}
