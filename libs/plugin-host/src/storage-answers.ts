import { type CallContext, UserError } from '@pierhead/model';
import { isInside } from './is-inside.js';
import { packError } from './sent-error.js';
import { type FromThread, storageMethods, type ToThread } from './thread-messages.js';

type Ask = Extract<FromThread, { type: 'ask' }>;

/** Asks the real storage for a plugin. Only what lies in the call's workspace can be stored: it may be moved away. */
export async function answerStorage(
  { ask, method, argument }: Ask,
  { storage, workspace = '' }: Partial<CallContext>,
): Promise<ToThread> {
  try {
    if (!storage || !storageMethods.includes(method)) throw new Error('there is no such storage here');
    if (method === 'putTree' && !(await isInside(argument, workspace)))
      throw new UserError('plugin_failed', 'Only a folder inside the workspace can be stored.');
    return { type: 'answer', ask, value: await storage[method](argument) };
  } catch (error) {
    return { type: 'answer', ask, error: packError(error) };
  }
}
