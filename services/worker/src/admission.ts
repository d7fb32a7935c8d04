import type { Config } from '@pierhead/config';
import type { CallContext } from '@pierhead/model';

/** Whether this worker has room for a deployment. */
export interface Admission {
  /** Why nothing may begin now, in a sentence; null where it may. A change is told to the others before it is answered. */
  refusal(): Promise<string | null>;
  /** From now on nothing may begin, for this reason. */
  close(reason: string): Promise<void>;
}

/** What is free at this moment, in bytes. */
export interface Space {
  memory(): Promise<number>;
  /** On the disk of a folder. */
  disk(folder: string): Promise<number>;
}

export interface AdmissionOptions {
  floors: Pick<Config, 'minFreeMemory' | 'minFreeDisk'>;
  space: Space;
  /** The folders that deployments fill. */
  folders(): readonly string[];
  /** Tells the others. */
  tell(refusal: string | null): Promise<void>;
}

/** Thrown where a deployment that has begun has to wait for room. */
export class NoRoom extends Error {
  override readonly name = 'NoRoom';
}

/** The number in a reason may have changed for so long before the others are told of it, in milliseconds. */
const retellMs = 10_000;

/** Nothing is refused before it was first asked. */
export function createAdmission({ floors, space, folders, tell }: AdmissionOptions): Admission {
  let closed: string | null = null;
  let told: { what: string | null; at: number } = { what: null, at: 0 };
  let telling: Promise<void> = Promise.resolve();

  const find = async (): Promise<string | null> =>
    closed ??
    (await lackOfMemory(floors.minFreeMemory, space)) ??
    (await lackOfDisk(floors.minFreeDisk, folders(), space));

  const tellOf = async (what: string | null): Promise<void> => {
    if (what === told.what) return;
    const isNews = kindOf(what) !== kindOf(told.what) || performance.now() - told.at > retellMs;
    if (!isNews) return;
    await tell(what);
    told = { what, at: performance.now() };
  };

  const refusal = async () => {
    const what = await find();
    telling = telling.catch(() => {}).then(() => tellOf(closed ?? what));
    await telling;
    return closed ?? what;
  };

  return {
    refusal,
    async close(reason) {
      closed = reason;
      await refusal();
    },
  };
}

/** Throws NoRoom where a build must not begin. */
export async function assertRoom({ log }: Pick<CallContext, 'log'>, admission: Admission): Promise<void> {
  const refusal = await admission.refusal();
  if (refusal === null) return;
  log(`The build waits, here or on another worker. ${refusal}`, 'system');
  throw new NoRoom(refusal);
}

async function lackOfMemory(floor: number, space: Space): Promise<string | null> {
  if (floor === 0) return null;
  const free = await space.memory();
  if (free >= floor) return null;
  return `Only ${shown(free)} of memory are free; a build needs ${shown(floor)} (PIERHEAD_MIN_FREE_MEMORY).`;
}

async function lackOfDisk(floor: number, folders: readonly string[], space: Space): Promise<string | null> {
  if (floor === 0) return null;
  for (const folder of folders) {
    const free = await space.disk(folder);
    if (free < floor)
      return `Only ${shown(free)} are free on the disk of ${folder}; a build needs ${shown(floor)} (PIERHEAD_MIN_FREE_DISK).`;
  }
  return null;
}

const mebibyte = 1_048_576;
const shown = (bytes: number) => `${Math.floor(bytes / mebibyte)} MiB`;

/** A reason without its numbers. */
const kindOf = (refusal: string | null) => refusal?.replaceAll(/\d+/g, '') ?? null;
