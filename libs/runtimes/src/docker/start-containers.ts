import {
  connectEngine,
  createContainer,
  type Engine,
  engineMessage,
  inspectContainer,
  type ListedContainer,
  removeContainer,
  startContainer,
  statusOf,
} from '@pierhead/docker';
import type { CallContext } from '@pierhead/model';
import type { ContainerPlan } from './container-plan.js';

/**
 * All or nothing: a creation is not aborted, for its id would be lost; when one replica fails, those that started are removed before the
 * failure is thrown.
 */
export async function startAll(engine: Engine, plans: ContainerPlan[], context: CallContext): Promise<string[]> {
  const ids: string[] = [];
  const starts = plans.map(async ({ name, settings }) => {
    const id = await createContainer(engine, name, settings);
    ids.push(id);
    await startContainer(engine, id, context.signal);
    return id;
  });
  const results = await Promise.allSettled(starts);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) {
    await Promise.all(ids.map((id) => removeContainer(engine, id, 0).catch(() => {})));
    context.signal.throwIfAborted();
    throw failed.reason;
  }
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

/** A name that an earlier start left taken, or a sandbox that went away meanwhile: what a second try has not. */
export const mayPass = (error: unknown) => statusOf(error) === 409 || /no such container/i.test(engineMessage(error));

/**
 * Starts what the engine could not: after a restart of its own it may bring a replica back before the sandbox that it
 * runs in. What somebody stopped stays so.
 * @returns whether there was any
 */
export async function startAgain(containers: readonly ListedContainer[], context: CallContext): Promise<boolean> {
  const engine = connectEngine(context.host.dockerHost);
  let any = false;
  for (const { id, state } of containers) {
    if (state !== 'exited') continue;
    const found = await inspectContainer(engine, id, context.signal);
    if (!found?.startError) continue;
    await startContainer(engine, id, context.signal);
    any = true;
  }
  return any;
}
