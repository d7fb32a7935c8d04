import { Artifact, type Builder, type BuilderManifest, Type } from '@pierhead/model';
import { checked, Folders, MaybeUnavailable, Problems, refused } from './check-answer.js';
import type { IsolatedInstance } from './isolated-instance.js';

const Local = Type.Object({ digest: Type.String({ pattern: '^sha256:[0-9a-f]{64}$' }), madeAt: Type.Number() });
const Inputs = Type.Union([Type.Null(), Type.Array(Type.String({ maxLength: 10_000 }), { maxItems: 1_000 })]);
const Notices = Type.Array(Type.String({ maxLength: 1_000 }), { maxItems: 10 });
const Listed = Type.Union([Type.Null(), Type.Array(Local, { maxItems: 100_000 })]);

/** A builder that lives in another thread. */
export function isolatedBuilder(instance: IsolatedInstance, { produces }: Pick<BuilderManifest, 'produces'>): Builder {
  return {
    async validateConfig(config, context) {
      const problems = await instance.callOptional('validateConfig', [config], context);
      return checked(instance, 'validateConfig', Problems, problems ?? []);
    },
    async build(source, config, context) {
      const answer = await instance.call('build', [source, config], context);
      const artifact = checked(instance, 'build', Artifact, answer);
      const fault = faultOf(artifact, produces);
      if (fault) throw refused(instance.what, 'build', fault);
      return artifact;
    },
    async inputs(source, config, context) {
      const inputs = await instance.callOptional('inputs', [source, config], context);
      return checked(instance, 'inputs', Inputs, inputs === undefined ? [] : inputs);
    },
    async discard(artifact, context) {
      await instance.callOptional('discard', [artifact], context);
    },
    async list(except, context) {
      const listed = await instance.callOptional('list', [except], context);
      return checked(instance, 'list', Listed, listed ?? null);
    },
    async unavailable(context) {
      const reason = await instance.callOptional('unavailable', [], context);
      return checked(instance, 'unavailable', MaybeUnavailable, reason ?? null);
    },
    async fills(context) {
      return checked(instance, 'fills', Folders, (await instance.callOptional('fills', [], context)) ?? []);
    },
    async notices(context) {
      return checked(instance, 'notices', Notices, (await instance.callOptional('notices', [], context)) ?? []);
    },
    dispose: () => instance.dispose(),
  };
}

function faultOf({ kind, digest, bytes }: Artifact, produces: string): string | null {
  if (kind !== produces) return `it answered an artifact of the kind "${kind}", not "${produces}".`;
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) return 'the digest is not of the form "sha256:" and 64 digits.';
  return bytes >= 0 ? null : 'the artifact has fewer than 0 bytes.';
}
