import { type CallContext, type Unavailable, UserError, WorldError } from '@pierhead/model';

/** A provider, a builder or a runtime. */
export interface Usable {
  unavailable?(context: Pick<CallContext, 'host' | 'signal'>): Promise<Unavailable | null>;
}

/**
 * The error that counts. What an entry blames on the user while it cannot be used at all is not the user's failure: an
 * engine that is being stopped takes the builds and the apps in it down first.
 */
export async function blame(error: unknown, by: Usable, context: CallContext): Promise<unknown> {
  if (!(error instanceof UserError) || context.signal.aborted) return error;
  const reason = await by.unavailable?.(context).catch(() => null);
  if (!reason) return error;
  return new WorldError(reason.code, `${reason.message} (${error.message})`, { hint: reason.hint, cause: error });
}
