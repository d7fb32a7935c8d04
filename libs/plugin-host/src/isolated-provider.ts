import { type Provider, type ProviderManifest, Revision, type Source, Type } from '@pierhead/model';
import { checked, MaybeUnavailable, Problems, refused } from './check-answer.js';
import { isInside } from './is-inside.js';
import type { IsolatedInstance } from './isolated-instance.js';

const Folder = Type.Object({ kind: Type.Enum(['tree', 'site']), path: Type.String() });
const Image = Type.Object({ kind: Type.Literal('image'), reference: Type.String({ minLength: 1, maxLength: 1_000 }) });
const AnySource = Type.Union([Folder, Image]);

/** A provider that lives in another thread. */
export function isolatedProvider(
  instance: IsolatedInstance,
  { produces }: Pick<ProviderManifest, 'produces'>,
): Provider {
  return {
    async validateConfig(config, context) {
      const problems = await instance.callOptional('validateConfig', [config], context);
      return checked(instance, 'validateConfig', Problems, problems ?? []);
    },
    async resolveRevision(config, want, context) {
      const revision = await instance.call('resolveRevision', [config, want], context);
      return checked(instance, 'resolveRevision', Revision, revision);
    },
    async fetchSource(revision, config, workspace, context) {
      const answer = await instance.call('fetchSource', [revision, config, workspace], context);
      const source = checked(instance, 'fetchSource', AnySource, answer);
      const fault = await faultOf(source, produces, workspace);
      if (fault) throw refused(instance.what, 'fetchSource', fault);
      return source;
    },
    async unavailable(context) {
      const reason = await instance.callOptional('unavailable', [], context);
      return checked(instance, 'unavailable', MaybeUnavailable, reason ?? null);
    },
    dispose: () => instance.dispose(),
  };
}

async function faultOf(source: Source, produces: string, workspace: string): Promise<string | null> {
  if (source.kind !== produces) return `it answered a source of the kind "${source.kind}", not "${produces}".`;
  if (source.kind === 'image' || (await isInside(source.path, workspace))) return null;
  return 'the path of the source is not in the folder that it was given.';
}
