import { type CallContext, messageOf, type Problem, UserError, type ValidationResult } from '@pierhead/model';

const limitMs = 10_000;

interface Asks {
  validateConfig(config: unknown, context: CallContext): Promise<Problem[]>;
}

interface Disposable {
  dispose?(): Promise<void>;
}

const asks = (instance: unknown): instance is Asks =>
  typeof (instance as Partial<Asks> | null)?.validateConfig === 'function';

/** Asks the outside world about a config that its schema accepts; what cannot be asked is a warning. */
export async function validateDeeply(
  make: () => Promise<unknown>,
  result: ValidationResult,
  context: CallContext,
): Promise<ValidationResult> {
  if (!result.valid) return result;
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(limitMs)]);
  try {
    const errors = await Promise.race([answerOf(make, result.config, { ...context, signal }), whenAborted(signal)]);
    return { ...result, valid: errors.length === 0, errors };
  } catch (error) {
    return withFailure(result, error);
  }
}

async function answerOf(make: () => Promise<unknown>, config: unknown, context: CallContext): Promise<Problem[]> {
  const instance = await make();
  try {
    return asks(instance) ? await instance.validateConfig(config, context) : [];
  } finally {
    await (instance as Disposable | null)?.dispose?.();
  }
}

function withFailure(result: ValidationResult, error: unknown): ValidationResult {
  if (!(error instanceof UserError)) {
    const message = `The config could not be checked against the outside world: ${messageOf(error)}`;
    return { ...result, warnings: [...result.warnings, { path: '', code: 'not_checked', message }] };
  }
  const errors = error.problems.length > 0 ? error.problems : [{ path: '', code: error.code, message: error.message }];
  return { ...result, valid: false, errors };
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new Error(`no answer within ${limitMs / 1000} seconds`));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
