import type { Lease, PackedLine } from '@pierhead/database';
import type { LogStream, SecretMask, StageName } from '@pierhead/model';
import { createLineWriter } from './line-writer.js';

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

const bounds = { lines: 1_000_000, chars: Number.POSITIVE_INFINITY };

/** @param lastSeq the number of the last line that is stored already */
export function createLogWriter(store: Store, lease: Lease, lastSeq: number, { mask }: SecretMask): LogWriter {
  const lines = createLineWriter<PackedLine>(
    (firstSeq, batch) => store.append(lease, firstSeq, batch),
    lastSeq,
    bounds,
    mask,
  );
  return {
    write: (stage, stream, text) => lines.write(text, (line) => [Date.now(), stage, stream, line]),
    flush: lines.flush,
  };
}
