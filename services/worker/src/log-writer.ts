import type { Lease, PackedLine } from '@pierhead/database';
import type { LogStream, StageName } from '@pierhead/model';

/** A deployment's log: lines get their numbers here and reach the database in batches. */
export interface LogWriter {
  /** `text` may hold several lines; a long line is stored in pieces. */
  write(stage: StageName, stream: LogStream, text: string): void;
  /** Resolves once everything written so far is stored. Throws when it cannot be. */
  flush(): Promise<void>;
}

interface Store {
  /** False when the lease is lost. */
  append(lease: Lease, firstSeq: number, lines: PackedLine[]): Promise<boolean>;
}

const flushMs = 100;
const batchLines = 1_000;
const maxLineLength = 16_384;
const maxLines = 1_000_000;

/** @param lastSeq the number of the last line that is stored already */
export function createLogWriter(store: Store, lease: Lease, lastSeq: number): LogWriter {
  let stored = lastSeq;
  let total = lastSeq;
  let buffer: PackedLine[] = [];
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();

  const append = async (lines: PackedLine[]) => {
    if (!(await store.append(lease, stored + 1, lines))) throw new Error('Another worker writes this log by now.');
    stored += lines.length;
  };

  /** Queues the buffer behind the batch under way; one failure fails every later flush. */
  const drain = () => {
    if (timer) clearTimeout(timer);
    timer = null;
    if (buffer.length > 0) {
      const batch = buffer;
      buffer = [];
      writing = writing.then(() => append(batch));
      writing.catch(() => {});
    }
    return writing;
  };

  const push = (stage: StageName, stream: LogStream, text: string) => {
    total += 1;
    if (total > maxLines) return;
    buffer.push([
      Date.now(),
      stage,
      stream,
      total === maxLines ? `… the log ends here: it holds at most ${maxLines} lines` : text,
    ]);
    if (buffer.length >= batchLines) void drain();
    else timer ??= setTimeout(() => void drain(), flushMs);
  };

  return {
    write(stage, stream, text) {
      for (const line of text.replace(/\r?\n$/, '').split(/\r?\n/)) {
        if (line.length <= maxLineLength) push(stage, stream, line);
        else
          for (let at = 0; at < line.length; at += maxLineLength)
            push(stage, stream, line.slice(at, at + maxLineLength));
      }
    },
    flush: drain,
  };
}
