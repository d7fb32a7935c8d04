import type { Artifact } from './artifact.js';
import type { CallContext } from './context.js';
import type { LogStream } from './log-line.js';
import type { Look, Upstream } from './route.js';
import type { Unavailable } from './unavailable.js';

/** Whose instance it is; enough to find it again after a crash. */
export interface Identity {
  serviceId: string;
  serviceName: string;
  environment: string;
  deploymentId: string;
}

/** What to run an artifact with. */
export interface RunSpec<Config = unknown> extends Identity {
  config: Config;
  variables: Record<string, string>;
}

/** A started artifact. `ids` are the runtime's own names for its parts, such as containers. */
export interface Instance {
  ids: string[];
  upstreams: Upstream[];
  /** How long it may take to become healthy; 60 when left out. */
  graceSeconds?: number;
  /** How long it must be healthy without a break; 0 when left out. */
  holdSeconds?: number;
  /** How long to wait between two probes meanwhile; 1 when left out. */
  intervalSeconds?: number;
  /** How gateways ask its servers before they send requests to them; left out: they do not. */
  look?: Look;
  /** A command that has to succeed inside of each part, for its runtime to run in a probe. */
  check?: string[];
}

/** `restarts`: how often its parts were started again since it began, where the runtime can tell. */
export type Health = { healthy: true; restarts?: number } | { healthy: false; reason: string };

/** Why an instance is not healthy. The message goes on after words such as "The app was not healthy within 60 s:". */
export interface Diagnosis {
  code: string;
  message: string;
  hint: string;
  line?: string;
}

/** Where no more is known than what the last probe said. */
export const unexplained = (reason: string): Diagnosis => ({
  code: 'health_check_failed',
  message: reason,
  hint: 'Check the port and the health check in the runtime config, and what the app says itself.',
});

/** What one part of an instance, such as a container, takes of its machine. What is counted begins anew when the part starts again. */
export interface PartUsage {
  /** Among the instance's `ids`. */
  id: string;
  /** When this was measured, and when the part last started: RFC 3339. */
  at: string;
  startedAt: string;
  /** How often it was started again. */
  restarts: number;
  /** Of all processors together, since its start. */
  cpuSeconds: number;
  /** Without what the system would give up first, such as files that it keeps in memory. */
  memoryBytes: number;
  /** Null where there is none. */
  memoryLimitBytes: number | null;
  /** Processes and threads. */
  pids: number;
  /** Over its networks, since its start. */
  receivedBytes: number;
  sentBytes: number;
}

export interface InstanceUsage {
  deploymentId: string;
  parts: PartUsage[];
}

export interface OutputLine {
  at: string;
  stream: LogStream;
  text: string;
}

export interface OutputOptions {
  /** Whether to go on with what comes; else it ends with what is there. */
  follow: boolean;
  /** How many of the last lines; all without it. */
  tail?: number;
  /** Only what came after a line with this `at`. */
  since?: string;
}

/** A program to run once, beside what runs. */
export interface CommandSpec {
  /** Runs at most once in its life. */
  id: string;
  argv: readonly string[];
}

/** What runs an artifact. One fresh instance serves one deployment. */
export interface Runtime<Config = unknown> {
  /**
   * Makes ready what a start will need, before there is an artifact. May be called at any time, and any number of times;
   * what nobody comes for goes with `stop`, or `tidy`.
   */
  prepare?(spec: RunSpec<Config>, context: CallContext): Promise<void>;
  /** Starts beside whatever runs already. Throws UserError when the artifact cannot start. */
  start(artifact: Artifact, spec: RunSpec<Config>, context: CallContext): Promise<Instance>;
  /** One quick look; the pipeline repeats it. Throws UserError when health can no longer come. */
  probe(instance: Instance, spec: RunSpec<Config>, context: CallContext): Promise<Health>;
  /**
   * A longer look at an instance that does not become healthy, once its time is up.
   * @param reason what the last probe said
   */
  diagnose?(instance: Instance, reason: string, context: CallContext): Promise<Diagnosis>;
  /** Whether an artifact is at hand on this machine: `start` needs no build before it. Without it, it never is. */
  has?(artifact: Artifact, context: CallContext): Promise<boolean>;
  /**
   * Why what is live must stand still before the new release starts, such as data that both would write to; null when
   * they may run side by side.
   */
  excludes?(spec: RunSpec<Config>, context: CallContext): Promise<string | null>;
  /** Ends what runs for a deployment without removing it. */
  halt?(identity: Identity, context: CallContext): Promise<void>;
  /** Starts again what was halted. */
  resume?(identity: Identity, context: CallContext): Promise<void>;
  /** Removes on this machine what it keeps for a service beyond its releases, such as data; nothing there is success. */
  forget?(serviceId: string, context: CallContext): Promise<void>;
  /**
   * Finds what was started for a deployment, with its upstreams as they are now; null when nothing is left. Starts again
   * what stands still because the machine did.
   */
  adopt(identity: Identity, context: CallContext): Promise<Instance | null>;
  /** Stops and removes everything that was started for a deployment; nothing to stop is success. */
  stop(identity: Identity, context: CallContext): Promise<void>;
  /** Whose instances of this installation lie on this machine, running or not; null when it cannot tell. */
  list?(context: CallContext): Promise<Identity[] | null>;
  /** Removes what was made ready on this machine and nobody has come for. */
  tidy?(context: CallContext): Promise<void>;
  /** Whose instances start on this machine from now on, for whatever reason, until the signal fires or the runtime goes away. */
  watch?(context: CallContext): AsyncIterable<Identity>;
  /** What the parts of these that run on this machine take of it now. */
  usage?(identities: readonly Identity[], context: CallContext): Promise<InstanceUsage[]>;
  /** The app's own output, oldest first, until it ends or the signal fires. */
  logs(identity: Identity, options: OutputOptions, context: CallContext): AsyncIterable<OutputLine>;
  /**
   * Runs a command in the artifact of a release, with all that the release itself is run with, until it ends. What it
   * writes goes to the context's log. However the call ends, the command has been stopped and removed: where that could
   * not be done, it throws the reason in place of the signal's. Needs `runs` and `endRun`, and `commands` in the manifest.
   */
  run?(
    artifact: Artifact,
    command: CommandSpec,
    spec: RunSpec<Config>,
    context: CallContext,
  ): Promise<{ exitCode: number }>;
  /** The ids of the commands of this installation that lie on this machine, running or not. */
  runs?(context: CallContext): Promise<string[]>;
  /** Stops and removes what was left of a command; nothing to stop is success. */
  endRun?(commandId: string, context: CallContext): Promise<void>;
  /** Why this machine cannot use the runtime, or null. */
  unavailable?(context: Pick<CallContext, 'host' | 'signal'>): Promise<Unavailable | null>;
  /** Lets go of what the instance holds, at the end of its deployment. */
  dispose?(): Promise<void>;
}
