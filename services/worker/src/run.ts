import { join } from 'node:path';
import type { Claimed, DeploymentColumns, Lease, SourceUsed } from '@pierhead/database';
import {
  type Builder,
  type CallContext,
  defaultTimeouts,
  type Provider,
  type RunSpec,
  type Runtime,
  type SecretMask,
  type StageName,
  type StageStatus,
  type Want,
} from '@pierhead/model';
import { blame, type Usable } from './blame.js';
import { stageDeadline } from './deadlines.js';
import { emptyFolder } from './empty-folder.js';
import type { Interruption } from './interruption.js';
import type { LogWriter } from './log-writer.js';
import type { LookUp } from './look-up.js';
import type { SourcePlace } from './source-place.js';
import type { WorkerContext } from './worker-context.js';
import { workspaceName } from './workspace-name.js';

/** One deployment in a worker's hands, and where its progress is recorded. */
export interface Run {
  lease: Lease;
  want: Want;
  /** The place that answered last, in an earlier attempt too. */
  sourceUsed: SourceUsed | null;
  spec: RunSpec;
  context: CallContext;
  /** The empty folder that the source goes into. */
  sourceFolder: string;
  interruption: Interruption;
  /** For whatever is told of the deployment. */
  secrets: SecretMask;
  /** The last stage that began, `cleanup` apart: where a failure happened. */
  stageName: StageName | null;
  /** Whether the runtime may have started something for this deployment. */
  started: boolean;
  /** Since when requests wait for it, by `performance.now()`; null where they go to the release before. */
  heldAt: number | null;
  /** Whether traffic goes to it. */
  live: boolean;
  /** Whether that is for good: every gateway serves it, and its guard is over. */
  settled: boolean;
  /** What earlier attempts have got done. */
  left: Left;
  /** Runs one stage, the work of `by`, within its time, and records its start, end and outcome. */
  stage<T>(name: StageName, work: () => Promise<T>, by?: Usable): Promise<T>;
  /** Runs the last stage: also after an interruption, whose signal is not for it, and never throws. */
  cleanup(work: () => Promise<void>): Promise<void>;
  /** Looks up what the deployment is brought up with. Throws UserError where this worker has not all of it. */
  equip(): Promise<EquippedRun>;
}

/** A deployment with what it takes to bring it up. */
export interface EquippedRun extends Run {
  runtime: Runtime;
  /** Null where a release is brought back: its artifact is there, or it is lost. */
  making: Making | null;
}

/** What makes an artifact of a source. */
export interface Making {
  /** The service's own source, then its fallbacks. */
  places: SourcePlace[];
  builder: Builder;
  /** Its id and version. */
  builderName: string;
  builderConfig: unknown;
  /** Whether to build even what was built before. */
  anew: boolean;
}

/** What earlier attempts at a deployment have stored; whether it is still there shows when it is needed. */
export type Left = Pick<DeploymentColumns, 'revision' | 'artifact' | 'instance' | 'error'>;

export type Hold = Pick<Run, 'lease' | 'interruption' | 'secrets'> & { log: LogWriter };

/** Gathers what a deployment needs, its secrets opened, with an empty workspace of its own. */
export async function createRun(
  row: Claimed,
  { log, ...hold }: Hold,
  lookUp: LookUp,
  worker: WorkerContext,
): Promise<Run> {
  const { snapshot, serviceId, environment, id: deploymentId } = row;
  const opened = worker.secrets.open(snapshot, serviceId);
  const { builderConfig, runtimeConfig, variables, serviceName } = opened;
  const workspace = join(worker.workspaces, workspaceName(hold.lease));
  await emptyFolder(workspace);
  const sourceFolder = await emptyFolder(join(workspace, 'source'));

  let writingTo: StageName = 'resolve';
  /** Has succeeded, which is recorded with the start of the next one. */
  let ended: StageName | null = null;
  const begin = async (name: StageName) => {
    writingTo = name;
    hold.interruption.stage = name;
    if (!(await worker.runs.startStage(hold.lease, name, ended))) throw hold.interruption.fire('lease-lost');
    ended = null;
  };
  // Snapshots from before there were timeouts have none.
  const timeouts = snapshot.timeouts ?? defaultTimeouts;
  const end = (name: StageName, status: StageStatus) => worker.runs.endStage(hold.lease, name, status);

  const run: Run = {
    ...hold,
    want: row.want,
    sourceUsed: row.sourceUsed,
    spec: {
      serviceId,
      serviceName,
      environment,
      deploymentId,
      config: runtimeConfig,
      variables: variables as Record<string, string>,
    },
    sourceFolder,
    stageName: null,
    started: false,
    heldAt: null,
    live: row.live,
    settled: false,
    left: { revision: row.revision, artifact: row.artifact, instance: row.instance, error: row.error },
    context: {
      log: (text, stream = 'stdout') => log.write(writingTo, stream, text),
      signal: hold.interruption.signal,
      workspace,
      storage: worker.storage,
      host: worker.host,
    },
    async stage(name, work, by = {}) {
      hold.interruption.signal.throwIfAborted();
      run.stageName = name;
      await begin(name);
      const stopDeadline = stageDeadline(name, timeouts, hold.interruption);
      try {
        const outcome = await work();
        ended = name;
        return outcome;
      } catch (error) {
        await end(name, hold.interruption.reason === 'canceled' ? 'canceled' : 'failed').catch(() => {});
        throw await blame(error, by, run.context);
      } finally {
        stopDeadline();
      }
    },
    async cleanup(work) {
      try {
        if (hold.interruption.reason !== 'lease-lost') await begin('cleanup');
        await work();
        await end('cleanup', 'succeeded');
      } catch (error) {
        worker.logger.warn({ err: error, deploymentId }, 'cleanup did not finish');
        await end('cleanup', 'failed').catch(() => {});
      }
    },
    async equip() {
      const { runtime, made } = await lookUp.parts(row);
      const making = made && {
        places: placesOf(opened, made.provider, lookUp),
        builder: made.builder,
        builderName: `${snapshot.builderId}@${snapshot.builderVersion}`,
        builderConfig,
        anew: row.want.force ?? false,
      };
      return Object.assign(run, { runtime, making });
    },
  };
  return run;
}

/** A fallback's provider is looked up once it is needed. */
function placesOf(snapshot: DeploymentColumns['snapshot'], provider: Provider, lookUp: LookUp): SourcePlace[] {
  const own = { providerId: snapshot.providerId, fallback: null };
  // Snapshots from before there were fallback sources have none.
  const fallbacks = (snapshot.fallbackSources ?? []).map(({ providerId, providerVersion, providerConfig }, index) => ({
    used: { providerId, fallback: index },
    config: providerConfig,
    provider: () => lookUp.provider(providerId, providerVersion),
  }));
  return [{ used: own, config: snapshot.providerConfig, provider: async () => provider }, ...fallbacks];
}

/** Throws unless a write under the lease took effect. */
export function assertHeld(run: Run, took: boolean): void {
  if (!took) throw run.interruption.fire('lease-lost');
}
