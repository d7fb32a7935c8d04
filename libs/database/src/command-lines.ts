import type { CommandLine, LogStream } from '@pierhead/model';
import { and, asc, desc, eq, gt, gte, sql } from 'drizzle-orm';
import type { Database } from './connect.js';
import { readLines } from './read-lines.js';
import { steadily } from './steadily.js';
import { commandChunks, type PackedOutputLine } from './tables.js';

/** What commands wrote, numbered by the worker that runs them. */
export function commandLineRepository({ orm, sql: raw }: Database) {
  return {
    /** Stores lines `firstSeq…` in one row; false when the worker has lost the command. The same lines twice are stored once. */
    append: (commandId: string, owner: string, firstSeq: number, lines: PackedOutputLine[]): Promise<boolean> =>
      steadily(async () => {
        const rows = await raw`
          with mine as (select id from commands where id = ${commandId} and lease_owner = ${owner} and status = 'running'),
          stored as (
            insert into command_chunks (command_id, first_seq, last_seq, lines)
            select id, ${firstSeq}, ${firstSeq + lines.length - 1}, ${JSON.stringify(lines)} from mine
            on conflict (command_id, first_seq) do nothing)
          select id from mine`;
        return rows.length === 1;
      }),

    /** The number of the last line; 0 before the first. */
    async lastSeq(commandId: string): Promise<number> {
      const [row] = await orm
        .select({ lastSeq: commandChunks.lastSeq })
        .from(commandChunks)
        .where(eq(commandChunks.commandId, commandId))
        .orderBy(desc(commandChunks.firstSeq))
        .limit(1);
      return row?.lastSeq ?? 0;
    },

    /** At most `limit` lines that come after line `after`, in order. */
    read: (commandId: string, after: number, limit: number): Promise<CommandLine[]> =>
      readLines(after, limit, unpack, (next, chunks) =>
        orm
          .select()
          .from(commandChunks)
          .where(
            and(
              eq(commandChunks.commandId, commandId),
              gt(commandChunks.lastSeq, next),
              gte(commandChunks.firstSeq, chunkOf(commandId, next)),
            ),
          )
          .orderBy(asc(commandChunks.firstSeq))
          .limit(chunks),
      ),
  };
}

/** Where the chunk begins that holds line `after`: whatever comes before it is not read. */
const chunkOf = (commandId: string, after: number) => sql<number>`coalesce((select max(first_seq) from command_chunks
  where command_id = ${commandId} and first_seq <= ${after}), 0)`;

const unpack = ([atMs, stream, text]: PackedOutputLine, seq: number): CommandLine => ({
  seq,
  at: new Date(atMs).toISOString(),
  stream: stream as LogStream,
  text,
});
