import type { LogLine, LogStream } from '@pierhead/model';
import { and, asc, desc, eq, gt } from 'drizzle-orm';
import type { Database } from './connect.js';
import { logChunks, type PackedLine } from './tables.js';

export function logRepository({ orm }: Database) {
  return {
    /** Stores lines `firstSeq…` in one row. */
    async append(deploymentId: string, firstSeq: number, lines: PackedLine[]): Promise<void> {
      await orm.insert(logChunks).values({ deploymentId, firstSeq, lastSeq: firstSeq + lines.length - 1, lines });
    },

    /** The sequence number of the last stored line; 0 when there is none. */
    async lastSeq(deploymentId: string): Promise<number> {
      const [row] = await orm
        .select({ lastSeq: logChunks.lastSeq })
        .from(logChunks)
        .where(eq(logChunks.deploymentId, deploymentId))
        .orderBy(desc(logChunks.firstSeq))
        .limit(1);
      return row?.lastSeq ?? 0;
    },

    /** At most `limit` lines that come after line `after`, in order. */
    async read(deploymentId: string, after: number, limit: number): Promise<LogLine[]> {
      const found: LogLine[] = [];
      let next = after;
      while (found.length < limit) {
        const chunks = await orm
          .select()
          .from(logChunks)
          .where(and(eq(logChunks.deploymentId, deploymentId), gt(logChunks.lastSeq, next)))
          .orderBy(asc(logChunks.firstSeq))
          .limit(8);
        if (chunks.length === 0) break;
        for (const chunk of chunks)
          found.push(
            ...chunk.lines.map((line, index) => unpack(line, chunk.firstSeq + index)).filter((line) => line.seq > next),
          );
        next = found.at(-1)!.seq;
      }
      return found.slice(0, limit);
    },
  };
}

const unpack = ([atMs, stage, stream, text]: PackedLine, seq: number): LogLine => ({
  seq,
  at: new Date(atMs).toISOString(),
  stage,
  stream: stream as LogStream,
  text,
});
