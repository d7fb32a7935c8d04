import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CallContext, type HostSettings, type Storage, WorldError } from '@pierhead/model';

const elsewhere = async (): Promise<never> => {
  throw new WorldError('no_storage', 'Uploads and artifacts are not kept where configs are validated.');
};

/** What is stored is known to the api and the workers only; asking here makes a warning of the check. */
export const noStorage: Storage = {
  uploadFile: elsewhere,
  putTree: elsewhere,
  treePath: elsewhere,
  removeTree: elsewhere,
};

/** Gives a deep validation what a deployment would have, save its log and storage, and cleans up after it. */
export async function withCallContext<T>(
  host: HostSettings,
  use: (context: CallContext) => Promise<T>,
  storage = noStorage,
): Promise<T> {
  const workspace = await mkdtemp(join(tmpdir(), 'pierhead-validate-'));
  const done = new AbortController();
  try {
    return await use({ log: () => {}, signal: done.signal, workspace, storage, host });
  } finally {
    done.abort();
    await rm(workspace, { recursive: true, force: true });
  }
}
