import { type Artifact, type CallContext, type Health, type Instance, type Runtime, UserError } from '@pierhead/model';

/** Runs nothing: the gateway serves the tree straight from storage. */
export function createFilesRuntime(): Runtime {
  return {
    start,
    probe,
    has: ({ digest }, context) => isStored(digest, context),
    // There is nothing to find again: starting once more costs nothing and answers the same.
    adopt: async () => null,
    stop: async () => {},
    list: async () => [],
    async *logs() {},
  };
}

async function start(artifact: Artifact, _spec: unknown, context: CallContext): Promise<Instance> {
  if (artifact.kind !== 'files')
    throw new UserError('artifact_not_supported', 'Only files can be served as files.', {
      hint: 'Choose a runtime for images.',
    });
  const { digest, rules } = artifact;
  if (!(await isStored(digest, context)))
    throw new UserError('tree_not_found', `The files ${digest} are no longer in storage.`, {
      hint: 'Deploy again: they are built anew.',
    });
  return { ids: [], upstreams: [{ kind: 'files', digest, rules }] };
}

async function probe(instance: Instance, _spec: unknown, context: CallContext): Promise<Health> {
  for (const upstream of instance.upstreams)
    if (upstream.kind === 'files' && !(await isStored(upstream.digest, context)))
      return { healthy: false, reason: `The files ${upstream.digest} are not in storage.` };
  return { healthy: true };
}

const isStored = async (digest: string, { storage }: CallContext) => (await storage.treePath(digest)) !== null;
