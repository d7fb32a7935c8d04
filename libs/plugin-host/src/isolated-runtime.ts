import { LogStream, type Runtime, Type, Upstream, unexplained } from '@pierhead/model';
import { checked, MaybeUnavailable } from './check-answer.js';
import type { IsolatedInstance } from './isolated-instance.js';

const Started = Type.Object({
  ids: Type.Array(Type.String({ maxLength: 500 }), { maxItems: 1_000 }),
  upstreams: Type.Array(Upstream, { maxItems: 1_000 }),
  graceSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: 3_600 })),
  holdSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: 3_600 })),
  intervalSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: 3_600 })),
  check: Type.Optional(Type.Array(Type.String({ maxLength: 10_000 }), { maxItems: 1_000 })),
});
const Probed = Type.Union([
  Type.Object({ healthy: Type.Literal(true), restarts: Type.Optional(Type.Integer({ minimum: 0 })) }),
  Type.Object({ healthy: Type.Literal(false), reason: Type.String({ maxLength: 10_000 }) }),
]);
const said = Type.String({ maxLength: 10_000 });
const Reason = Type.Union([Type.Null(), said]);
const Found = Type.Object({ code: said, message: said, hint: said, line: Type.Optional(said) });
const id = Type.String({ maxLength: 500 });
const Identity = Type.Object({ serviceId: id, serviceName: id, environment: id, deploymentId: id });
const Listed = Type.Union([Type.Null(), Type.Array(Identity, { maxItems: 100_000 })]);
const amount = Type.Number({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const few = Type.Integer({ minimum: 0, maximum: 1_000_000 });
const time = Type.String({ maxLength: 50 });
const Part = Type.Object({
  id,
  at: time,
  startedAt: time,
  restarts: few,
  cpuSeconds: amount,
  memoryBytes: amount,
  memoryLimitBytes: Type.Union([amount, Type.Null()]),
  pids: few,
  receivedBytes: amount,
  sentBytes: amount,
});
const Used = Type.Array(Type.Object({ deploymentId: id, parts: Type.Array(Part, { maxItems: 1_000 }) }), {
  maxItems: 100_000,
});
const Ran = Type.Object({ exitCode: Type.Integer({ minimum: -2_147_483_648, maximum: 2_147_483_647 }) });
const Ids = Type.Array(id, { maxItems: 100_000 });
const Line = Type.Object({ at: Type.String({ maxLength: 50 }), stream: LogStream, text: Type.String() });

/** A runtime that lives in another thread. */
export function isolatedRuntime(instance: IsolatedInstance): Runtime {
  return {
    async prepare(spec, context) {
      await instance.callOptional('prepare', [spec], context);
    },
    async start(artifact, spec, context) {
      return checked(instance, 'start', Started, await instance.call('start', [artifact, spec], context));
    },
    async probe(started, spec, context) {
      return checked(instance, 'probe', Probed, await instance.call('probe', [started, spec], context));
    },
    async diagnose(started, reason, context) {
      const found = await instance.callOptional('diagnose', [started, reason], context);
      return found === undefined ? unexplained(reason) : checked(instance, 'diagnose', Found, found);
    },
    async has(artifact, context) {
      return (await instance.callOptional('has', [artifact], context)) === true;
    },
    async adopt(identity, context) {
      const found = await instance.call('adopt', [identity], context);
      return found === null ? null : checked(instance, 'adopt', Started, found);
    },
    async stop(identity, context) {
      await instance.call('stop', [identity], context);
    },
    async list(context) {
      const listed = await instance.callOptional('list', [], context);
      return checked(instance, 'list', Listed, listed ?? null);
    },
    async excludes(spec, context) {
      return checked(instance, 'excludes', Reason, (await instance.callOptional('excludes', [spec], context)) ?? null);
    },
    async halt(identity, context) {
      await instance.callOptional('halt', [identity], context);
    },
    async resume(identity, context) {
      await instance.callOptional('resume', [identity], context);
    },
    async forget(serviceId, context) {
      await instance.callOptional('forget', [serviceId], context);
    },
    async tidy(context) {
      await instance.callOptional('tidy', [], context);
    },
    async usage(identities, context) {
      const used = await instance.callOptional('usage', [identities], context);
      return checked(instance, 'usage', Used, used ?? []);
    },
    async *logs(identity, options, context) {
      for await (const line of instance.stream('logs', [identity, options], context))
        yield checked(instance, 'logs', Line, line);
    },
    async run(artifact, command, spec, context) {
      return checked(instance, 'run', Ran, await instance.call('run', [artifact, command, spec], context));
    },
    async runs(context) {
      return checked(instance, 'runs', Ids, (await instance.callOptional('runs', [], context)) ?? []);
    },
    async endRun(commandId, context) {
      await instance.callOptional('endRun', [commandId], context);
    },
    async unavailable(context) {
      const reason = await instance.callOptional('unavailable', [], context);
      return checked(instance, 'unavailable', MaybeUnavailable, reason ?? null);
    },
    dispose: () => instance.dispose(),
  };
}
