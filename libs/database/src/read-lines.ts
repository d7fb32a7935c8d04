/** Lines that are stored together, the first of which has the number `firstSeq`. */
interface Chunk<Packed> {
  firstSeq: number;
  lines: Packed[];
}

const chunksAtOnce = 8;

/**
 * At most `limit` lines that come after line `after`, in order.
 * @param chunksAfter the first chunks, so many at most, that have a line after `after`, in order
 */
export async function readLines<Packed, C extends Chunk<Packed>, Line extends { seq: number }>(
  after: number,
  limit: number,
  unpack: (line: Packed, seq: number, chunk: NoInfer<C>) => Line,
  chunksAfter: (after: number, atMost: number) => Promise<C[]>,
): Promise<Line[]> {
  const found: Line[] = [];
  let next = after;
  while (found.length < limit) {
    const chunks = await chunksAfter(next, chunksAtOnce);
    if (chunks.length === 0) break;
    for (const chunk of chunks)
      found.push(
        ...chunk.lines
          .map((line, index) => unpack(line, chunk.firstSeq + index, chunk))
          .filter((line) => line.seq > next),
      );
    next = found.at(-1)!.seq;
  }
  return found.slice(0, limit);
}
