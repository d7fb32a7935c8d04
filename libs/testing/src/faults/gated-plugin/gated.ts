import { createHash } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Builder, CallContext, Identity, Provider, Runtime } from '@pierhead/plugin';
import { UserError } from '@pierhead/plugin';
import { dataOf, isClosed, passGate } from './gate.js';

export interface GatedSource {
  gate: string;
  content: string;
}

export const createGatedProvider = (): Provider<GatedSource> => ({
  async resolveRevision({ gate, content }, _want, context) {
    await passGate(gate, 'resolve', context);
    return { id: createHash('sha256').update(content).digest('hex') };
  },
  async fetchSource(_revision, { gate, content }, workspace, context) {
    await passGate(gate, 'fetch', context);
    await writeFile(join(workspace, 'index.html'), content);
    return { kind: 'site', path: workspace };
  },
});

const rules = { index: 'index.html', cleanUrls: true, cacheControl: 'no-cache', headers: [], redirects: [] };

export const createGatedBuilder = (): Builder<{ gate: string }> => ({
  async build(source, { gate }, context) {
    if (source.kind !== 'site') throw new UserError('gated_site_only', 'Only a site can be built.');
    await passGate(gate, 'build', context);
    const site = join(context.workspace, 'site');
    await rename(source.path, site);
    const { digest, bytes } = await context.storage.putTree(site);
    return { kind: 'files', digest, bytes, rules };
  },
  discard: ({ digest }, { storage }) => storage.removeTree(digest),
});

/** What runs is a file named after the deployment: the test sees what was started and never stopped. */
const running = (context: Pick<CallContext, 'workspace'>) => join(dataOf(context), 'running');
const markOf = ({ deploymentId }: Identity, context: CallContext) => join(running(context), deploymentId);

export const createGatedRuntime = (): Runtime => ({
  async start(artifact, spec, context) {
    if (artifact.kind !== 'files') throw new UserError('gated_files_only', 'Only files can be served.');
    await passGate(spec.serviceName, 'release', context);
    await mkdir(running(context), { recursive: true });
    await writeFile(markOf(spec, context), '');
    return { ids: [spec.deploymentId], upstreams: [{ kind: 'files', digest: artifact.digest, rules: artifact.rules }] };
  },
  async probe(_instance, spec, context) {
    return (await isClosed(spec.serviceName, 'verify', context))
      ? { healthy: false, reason: 'held' }
      : { healthy: true };
  },
  adopt: async () => null,
  async stop(identity, context) {
    await passGate(identity.serviceName, 'cleanup', context);
    await rm(markOf(identity, context), { force: true });
  },
  async *logs() {},
});
