import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CallContext, type Storage, WorldError } from '@pierhead/model';
import type { Scope } from './check.js';

export interface RecordingContext extends CallContext {
  /** Everything that was logged, in order. */
  lines: string[];
}

const none = async (): Promise<never> => {
  throw new WorldError('no_storage', 'This test gave no storage.');
};
const noStorage: Storage = { uploadFile: none, putTree: none, treePath: none, removeTree: none };

/** A call's context with a workspace of its own, deleted after the check. */
export async function recordingContext(scope: Scope, given: Partial<CallContext> = {}): Promise<RecordingContext> {
  const workspace = await mkdtemp(join(tmpdir(), 'pierhead-test-'));
  scope.teardown(() => rm(workspace, { recursive: true, force: true }));
  const lines: string[] = [];
  return {
    lines,
    log: (text) => void lines.push(text),
    signal: new AbortController().signal,
    workspace,
    storage: noStorage,
    host: {
      installation: 'conformance',
      dockerHost: 'unix:///var/run/docker.sock',
      dockerNetwork: '',
      dockerSubnets: '198.18.0.0/15',
      egressAllow: [],
    },
    ...given,
  };
}
