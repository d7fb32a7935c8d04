import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CallContext } from '@pierhead/plugin';

/** The stages that a test can hold a deployment in. */
export type GatedStage = 'resolve' | 'fetch' | 'build' | 'release' | 'verify' | 'cleanup';

/** A workspace is `<data>/workspaces/<worker>/<deployment>`. */
export const dataOf = ({ workspace }: Pick<CallContext, 'workspace'>) => join(workspace, '../../..');

/** Whether the test holds deployments of `name` in this stage; says that one has come. */
export async function isClosed(name: string, stage: GatedStage, context: CallContext): Promise<boolean> {
  const gate = join(dataOf(context), 'gates', name, stage);
  const closed = await access(gate).then(
    () => true,
    () => false,
  );
  if (closed) await writeFile(`${gate}.held`, '');
  return closed;
}

export async function passGate(name: string, stage: GatedStage, context: CallContext): Promise<void> {
  while (await isClosed(name, stage, context)) {
    context.signal.throwIfAborted();
    await delay(20);
  }
}
