import { callEngine } from './call-engine.js';
import { connectEngine } from './connect-engine.js';

/** Where an engine on this machine keeps images, layers and caches; nothing of one that is reached over the network. */
export async function engineFolders(dockerHost: string, signal: AbortSignal): Promise<string[]> {
  if (!dockerHost.startsWith('unix:')) return [];
  const call = { method: 'GET', path: '/info', signal } as const;
  const { DockerRootDir: folder } = await callEngine<{ DockerRootDir?: string }>(connectEngine(dockerHost), call);
  return folder ? [folder] : [];
}
