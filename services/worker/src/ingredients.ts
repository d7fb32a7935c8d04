import type { Source } from '@pierhead/model';
import { digestFolder } from '@pierhead/storage';
import type { Making, Run } from './run.js';
import type { WorkerContext } from './worker-context.js';

/** What an artifact is to be made of, and what is known of that before. */
export interface Ingredients {
  source: Source;
  /** `sha256:…` of the files; null where there is no telling. */
  files: string | null;
  /** What else the builder says that it depends on; null where it cannot tell. */
  inputs: string[] | null;
  /**
   * What artifacts that come out equal have in common: the files, the builder with its config, and the inputs. Null
   * where there is no telling, or where an artifact is to be made in any case.
   */
  key: string | null;
}

/** Examines what was fetched. */
export async function ingredientsOf(
  { context }: Run,
  { builder, builderName, builderConfig }: Making,
  source: Source,
  { secrets }: WorkerContext,
): Promise<Ingredients> {
  if (source.kind === 'image') return { source, files: null, inputs: [], key: null };
  // Whatever is wrong here, the build finds it too and says it better.
  const [files, inputs] = await Promise.all([
    digestFolder(source.path).catch(() => null),
    builder.inputs ? builder.inputs(source, builderConfig, context).catch(() => null) : [],
  ]);
  context.signal.throwIfAborted();
  const key =
    files && inputs && secrets.fingerprint(JSON.stringify([builderName, builderConfig, source.kind, files, inputs]));
  return { source, files, inputs, key };
}
