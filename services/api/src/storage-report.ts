import { statfs } from 'node:fs/promises';
import { planArtifacts } from '@pierhead/database';
import type { StorageReport } from '@pierhead/model';
import type { ApiContext } from './context.js';

/** What is kept and why: the largest `limit` artifacts and uploads, and totals of all. */
export async function storageReport(
  limit: number,
  { artifacts, uploads, dataDir, artifactBudget }: ApiContext,
): Promise<StorageReport> {
  const [held, listed, uploaded, disk] = await Promise.all([
    artifacts.held(),
    uploads.list(limit),
    uploads.total(),
    statfs(dataDir),
  ]);
  const { kept, doomed } = planArtifacts(held, artifactBudget);
  const unneeded = new Map(doomed.map(({ artifact }) => [artifact.digest, { artifact, for: [] }]));
  const all = [...new Map([...unneeded, ...kept]).values()].toSorted((a, b) => b.artifact.bytes - a.artifact.bytes);
  return {
    artifacts: {
      count: all.length,
      bytes: all.reduce((sum, { artifact }) => sum + artifact.bytes, 0),
      budget: artifactBudget ?? null,
      items: all
        .slice(0, limit)
        .map(({ artifact: { kind, digest, bytes }, for: keptFor }) => ({ kind, digest, bytes, keptFor })),
    },
    uploads: { ...uploaded, items: listed },
    disk: { bytes: disk.blocks * disk.bsize, freeBytes: disk.bavail * disk.bsize },
  };
}
