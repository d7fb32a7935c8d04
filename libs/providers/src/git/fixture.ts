import type { CallContext } from '@pierhead/model';

/** A context on which loopback is allowed, and what was logged through it. */
export function callContext(workspace: string, change: { allow?: string[]; signal?: AbortSignal } = {}) {
  const lines: string[] = [];
  const context: CallContext = {
    log: (text) => lines.push(text),
    signal: change.signal ?? new AbortController().signal,
    workspace,
    storage: {
      uploadFile: async () => null,
      putTree: () => Promise.reject(new Error('not in this test')),
      treePath: async () => null,
      removeTree: async () => {},
    },
    host: {
      installation: 'test',
      dockerHost: '',
      dockerNetwork: '',
      dockerSubnets: '',
      egressAllow: change.allow ?? ['127.0.0.0/8', '::1/128'],
    },
  };
  return { context, lines };
}
