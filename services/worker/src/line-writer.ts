/** Numbered lines on their way to the database, in batches. */
export interface LineWriter<Packed> {
  /** `text` may hold several lines; a long line is stored in pieces. */
  write(text: string, pack: (line: string) => Packed): void;
  /** Resolves once everything written so far is stored. Throws when it cannot be. */
  flush(): Promise<void>;
}

interface Bounds {
  lines: number;
  chars: number;
}

const flushMs = 100;
const batchLines = 1_000;
const maxLineLength = 16_384;

const plain = (text: string) => text;

/**
 * @param append stores lines from a number on; false when they are not this worker's to write any more
 * @param lastSeq the number of the last line that is stored already
 * @param bounds what the whole may hold at most
 * @param mask what is told of a text
 */
export function createLineWriter<Packed>(
  append: (firstSeq: number, lines: Packed[]) => Promise<boolean>,
  lastSeq: number,
  bounds: Bounds,
  mask: (text: string) => string = plain,
): LineWriter<Packed> {
  let stored = lastSeq;
  let total = lastSeq;
  let chars = 0;
  let isFull = lastSeq >= bounds.lines;
  let buffer: Packed[] = [];
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();

  const store = async (lines: Packed[]) => {
    if (!(await append(stored + 1, lines))) throw new Error('Another worker writes this log by now.');
    stored += lines.length;
  };

  /** Queues the buffer behind the batch under way; one failure fails every later flush. */
  const drain = () => {
    if (timer) clearTimeout(timer);
    timer = null;
    if (buffer.length > 0) {
      const batch = buffer;
      buffer = [];
      writing = writing.then(() => store(batch));
      writing.catch(() => {});
    }
    return writing;
  };

  const push = (text: string, pack: (line: string) => Packed) => {
    if (isFull) return;
    total += 1;
    chars += text.length;
    isFull = total >= bounds.lines || chars > bounds.chars;
    buffer.push(pack(isFull ? endOf(bounds) : text));
    if (buffer.length >= batchLines) void drain();
    else timer ??= setTimeout(() => void drain(), flushMs);
  };

  return {
    write(text, pack) {
      for (const line of mask(text)
        .replace(/\r?\n$/, '')
        .split(/\r?\n/)) {
        if (line.length <= maxLineLength) push(line, pack);
        else for (let at = 0; at < line.length; at += maxLineLength) push(line.slice(at, at + maxLineLength), pack);
      }
    },
    flush: drain,
  };
}

const endOf = ({ lines, chars }: Bounds) =>
  `… the log ends here: it holds at most ${lines} lines${Number.isFinite(chars) ? `, and ${chars} characters` : ''}`;
