import { type FSWatcher, watch } from 'node:fs';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@pierhead/model';
import { callEngine } from './call-engine.js';
import { connectEngine } from './connect-engine.js';

/** What the steps of builds may take of this machine; 0 is no cap. */
export interface BuildCaps {
  memoryBytes: number;
  /** Such as 1.5. */
  cpus: number;
  pids: number;
  /** The control group in which the engine's BuildKit starts its steps. */
  cgroup: string;
}

export interface HeldCaps {
  /** Why they cannot be held on this machine, or null. */
  reason: string | null;
  release(): void;
}

/** Files of control groups, with what is written into them, in order. */
type Limits = readonly (readonly [controller: string, file: string, value: string, optional?: boolean])[];

const mount = '/sys/fs/cgroup';
const periodUs = 100_000;
/** Of an engine with the systemd driver, which gives each step a group of its own beside the engine's. */
const stepOfSystemd = /(?:^|:)docker:[a-z0-9]{20,}$/;
const systemdFolder = 'system.slice';

/**
 * Caps the control group of all builds of an engine on this machine: BuildKit itself knows no limits. Where the engine
 * has no such group, each step gets the caps as it begins, until they are released.
 * @param root where control groups are mounted
 */
export async function holdCaps(dockerHost: string, caps: BuildCaps, root = mount): Promise<HeldCaps> {
  if (!dockerHost.startsWith('unix:')) return unheld(`the engine ${dockerHost} is not on this machine`);
  try {
    const unified = await exists(join(root, 'cgroup.controllers'));
    if (unified) await writeUnified(root, caps.cgroup, unifiedLimits(caps));
    else for (const limit of olderLimits(caps)) await writeOlder(root, caps.cgroup, limit);
    const watcher = unified ? await capSteps(join(root, systemdFolder), caps) : null;
    return { reason: null, release: () => watcher?.close() };
  } catch (error) {
    return unheld(messageOf(error));
  }
}

/** Why builds on this machine are not capped, or null. */
export async function capsMissing(dockerHost: string, caps: BuildCaps, signal: AbortSignal): Promise<string | null> {
  const { reason, release } = await holdCaps(dockerHost, caps);
  release();
  if (reason) return reason;
  const call = { method: 'GET', path: '/info', signal } as const;
  const { SecurityOptions } = await callEngine<{ SecurityOptions?: string[] }>(connectEngine(dockerHost), call);
  return SecurityOptions?.includes('name=rootless') ? 'a rootless engine keeps its control groups to itself' : null;
}

const unheld = (reason: string): HeldCaps => ({ reason, release: () => {} });

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

function unifiedLimits({ memoryBytes, cpus, pids }: BuildCaps): Limits {
  return [
    ['memory', 'memory.swap.max', memoryBytes > 0 ? '0' : 'max', true],
    ['memory', 'memory.max', memoryBytes > 0 ? String(memoryBytes) : 'max'],
    ['cpu', 'cpu.max', `${cpus > 0 ? quotaOf(cpus) : 'max'} ${periodUs}`],
    ['pids', 'pids.max', pids > 0 ? String(pids) : 'max'],
  ];
}

/** Memory together with swap is never less than memory alone, so it is lifted first and lowered last. */
function olderLimits({ memoryBytes, cpus, pids }: BuildCaps): Limits {
  const memory = memoryBytes > 0 ? String(memoryBytes) : '-1';
  return [
    ['memory', 'memory.memsw.limit_in_bytes', '-1', true],
    ['memory', 'memory.limit_in_bytes', memory],
    ['memory', 'memory.memsw.limit_in_bytes', memory, true],
    ['cpu', 'cpu.cfs_period_us', String(periodUs)],
    ['cpu', 'cpu.cfs_quota_us', cpus > 0 ? quotaOf(cpus) : '-1'],
    ['pids', 'pids.max', pids > 0 ? String(pids) : 'max'],
  ];
}

const quotaOf = (cpus: number) => String(Math.max(1_000, Math.round(cpus * periodUs)));

/** A group has the controllers that all groups above it hand down. */
async function writeUnified(root: string, cgroup: string, limits: Limits): Promise<void> {
  let folder = root;
  for (const part of cgroup.split('/')) {
    await writeFile(join(folder, 'cgroup.subtree_control'), '+memory +cpu +pids');
    folder = join(folder, part);
    await mkdir(folder, { recursive: true });
  }
  for (const limit of limits) await write(folder, limit);
}

async function writeOlder(root: string, cgroup: string, limit: Limits[number]): Promise<void> {
  const folder = join(root, limit[0], cgroup);
  await mkdir(folder, { recursive: true });
  await write(folder, limit);
}

async function write(folder: string, [, file, value, optional]: Limits[number]): Promise<void> {
  const path = join(folder, file);
  if (optional && !(await exists(path))) return;
  if ((await readFile(path, 'utf8')).trim() !== value) await writeFile(path, value);
}

/** The engine makes the group of a step before it starts the step in it. */
async function capSteps(folder: string, caps: BuildCaps): Promise<FSWatcher | null> {
  if (!(await exists(folder))) return null;
  const limits = unifiedLimits(caps);
  const capStep = async (name: string) => {
    for (const limit of limits) await write(join(folder, name), limit);
  };
  const watcher = watch(folder, (_event, name) => {
    // A step that is over has taken its group with it.
    if (name && stepOfSystemd.test(name)) capStep(name).catch(() => {});
  });
  watcher.on('error', () => {});
  return watcher;
}
