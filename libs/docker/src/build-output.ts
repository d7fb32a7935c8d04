import { StringDecoder } from 'node:string_decoder';
import { type LogStream, type MaskedText, maskSecrets, type SecretMask } from '@pierhead/model';
import type { BuildStatus, Timestamp, Vertex, VertexLog } from './build-status.js';
import { cannotExecute } from './foreign-platform.js';

/** Gets the output of a build; `text` may hold several lines and has no newline at its end. */
export type OnOutput = (text: string, stream: LogStream) => void;

interface Step {
  number: number;
  /** Whether it is an instruction that does something; FROM only names what there is. */
  counts: boolean;
  ended: boolean;
  partial: { stdout: Partial; stderr: Partial };
}
interface Partial {
  decoder: StringDecoder;
  masked: MaskedText;
  text: string;
}

const longestLine = 65_536;
const housekeeping = /^(\[internal\] |copy \/context \/$)/;
const instruction = /^\[[^\]]*\d+\/\d+\] (?!FROM )/;
const canceled = /context canceled/;
/** Fails without failing the build. */
const optional = /^importing cache manifest from /;

/** Turns BuildKit's status messages into a readable log: `#2 [2/4] RUN make`, its output, `#2 DONE 1.4s`. */
export class BuildOutput {
  /** The step that made the build fail, once one has. */
  failed: { name: string; error: string } | null = null;
  /** Whether a step said that it cannot execute a program. */
  cannotExecute = false;
  /** How many steps there were, and how many of them came from the cache. */
  readonly #counts = { all: 0, cached: 0 };
  readonly #steps = new Map<string, Step>();
  readonly #onOutput: OnOutput;
  readonly #mask: SecretMask;
  #batch: string[] = [];
  #batchStream: LogStream = 'system';

  constructor(onOutput: OnOutput, mask = maskSecrets([])) {
    this.#onOutput = onOutput;
    this.#mask = mask;
  }

  write(status: BuildStatus): void {
    for (const vertex of status.vertexes ?? []) if (!vertex.completed) this.#vertex(vertex);
    for (const log of status.logs ?? []) this.#log(log);
    for (const vertex of status.vertexes ?? []) if (vertex.completed) this.#vertex(vertex);
    this.#send();
  }

  #vertex(vertex: Vertex): void {
    const name = this.#mask.mask(vertex.name ?? '');
    const error = vertex.error && this.#mask.mask(vertex.error);
    if (error && !canceled.test(error) && !optional.test(name)) this.failed ??= { name, error };
    if (housekeeping.test(name) && !error) return;
    if (!vertex.started && !vertex.cached && !error) return;
    const step = this.#steps.get(vertex.digest) ?? this.#open(vertex.digest, name);
    if ((vertex.completed || error) && !step.ended) this.#end(step, { ...vertex, error });
  }

  #open(digest: string, name: string): Step {
    const partial = () => ({ decoder: new StringDecoder('utf8'), masked: this.#mask.open(), text: '' });
    const counts = instruction.test(name);
    const step = {
      number: this.#steps.size + 1,
      counts,
      ended: false,
      partial: { stdout: partial(), stderr: partial() },
    };
    this.#steps.set(digest, step);
    this.#line(step, name, 'system');
    return step;
  }

  /** Tells how much of the build came from the cache. */
  end(): void {
    const { all, cached } = this.#counts;
    if (all > 0) this.#onOutput(`${cached} of ${all} steps from the cache`, 'system');
  }

  #end(step: Step, vertex: Vertex): void {
    step.ended = true;
    if (step.counts) this.#counts.all += 1;
    if (step.counts && vertex.cached) this.#counts.cached += 1;
    for (const stream of ['stdout', 'stderr'] as const) {
      const { text, decoder, masked } = step.partial[stream];
      const rest = text + masked.write(decoder.end()) + masked.end();
      if (rest !== '') for (const line of rest.replace(/\n$/, '').split('\n')) this.#line(step, line, stream);
    }
    this.#line(step, outcome(vertex), vertex.error ? 'stderr' : 'system');
  }

  #log(log: VertexLog): void {
    const step = this.#steps.get(log.vertex);
    if (!step || !log.msg) return;
    const stream = log.stream === 2 ? 'stderr' : 'stdout';
    const partial = step.partial[stream];
    const told = partial.masked.write(partial.decoder.write(Buffer.from(log.msg)));
    const lines = (partial.text + told).split('\n');
    partial.text = lines.pop() ?? '';
    for (const line of lines) {
      this.cannotExecute ||= cannotExecute.test(line);
      this.#line(step, line, stream);
    }
    if (partial.text.length < longestLine) return;
    this.#line(step, partial.text, stream);
    partial.text = '';
  }

  #line(step: Step, text: string, stream: LogStream): void {
    if (stream !== this.#batchStream) this.#send();
    this.#batchStream = stream;
    this.#batch.push(`#${step.number} ${text.endsWith('\r') ? text.slice(0, -1) : text}`);
  }

  #send(): void {
    if (this.#batch.length === 0) return;
    this.#onOutput(this.#batch.join('\n'), this.#batchStream);
    this.#batch = [];
  }
}

function outcome(vertex: Vertex): string {
  if (vertex.error) return canceled.test(vertex.error) ? 'CANCELED' : `ERROR: ${vertex.error}`;
  if (vertex.cached) return 'CACHED';
  return `DONE ${Math.max(0, secondsOf(vertex.completed) - secondsOf(vertex.started)).toFixed(1)}s`;
}

const secondsOf = (at: Timestamp | undefined) => (at?.seconds ?? 0) + (at?.nanos ?? 0) / 1e9;
