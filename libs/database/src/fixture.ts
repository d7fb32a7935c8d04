import type { Capability, EntryKind } from '@pierhead/model';
import { capability, plainService, testDatabase } from '@pierhead/testing';
import type { Test } from 'tap';
import { connect, type Database } from './connect.js';
import { deploymentRepository } from './deployments.js';
import { dispatchRepository } from './dispatch.js';
import { newId } from './ids.js';
import { logRepository } from './logs.js';
import { migrate } from './migrate.js';
import { projectRepository } from './projects.js';
import { lookupRepository } from './registry-lookups.js';
import { runRepository } from './runs.js';
import { type NewService, type ServiceRow, serviceRepository } from './services.js';
import { workerRepository } from './workers.js';

/** A database with one worker that can run everything, and repositories over it. */
export async function setUp(t: Test) {
  const { url } = await testDatabase(t);
  await Promise.all([migrate(url), migrate(url)]);
  const database = connect(url, { name: 'test' });
  t.teardown(() => database.close());
  await workerRepository(database).heartbeat(worker('any'));
  const project = await projectRepository(database).ensureDefault();
  const create = async (name: string, more: Partial<NewService> = {}): Promise<ServiceRow> => {
    const row = await serviceRepository(database).create({
      ...plainService,
      id: newId(),
      projectId: project.id,
      name,
      ...more,
    });
    if ('conflict' in row) throw new Error(row.conflict);
    return row;
  };
  return { database, create, ...repositories(database) };
}

const repositories = (database: Database) => ({
  services: serviceRepository(database),
  deployments: deploymentRepository(database),
  dispatches: dispatchRepository(database),
  runs: runRepository(database),
  logs: logRepository(database),
  lookups: lookupRepository(database),
  workers: workerRepository(database),
});

export interface WorkerTraits {
  slots?: number;
  labels?: string[];
  /** Why it cannot use its builder. */
  fault?: string;
  /** Entries that it does not have. */
  lacks?: EntryKind[];
  /** Why it takes none now. */
  refusal?: string;
}

/** A worker that has provider p, builder b and runtime r in version 1.0.0. */
export function worker(id: string, { slots = 2, labels = [], fault, lacks = [], refusal }: WorkerTraits = {}) {
  const has = (kind: EntryKind, each: Capability) => (lacks.includes(kind) ? [] : [each]);
  const capabilities = {
    providers: has('provider', capability('p')),
    builders: has('builder', capability('b', fault ?? null)),
    runtimes: has('runtime', capability('r')),
  };
  return { id, slots, running: 0, refusal: refusal ?? null, labels, capabilities };
}
