import t from 'tap';
import { framesOf, linesOf } from './container-logs.js';

function frame(stream: number, text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

async function* cut(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const at = '2026-01-02T03:04:05.123456789Z';

t.test('frames become lines, wherever they were cut', async (t) => {
  const bytes = Buffer.concat([
    frame(1, `${at} grün `),
    frame(2, `${at} bad\r\n`),
    frame(1, `${at} ✓\n`),
    frame(1, `${at} \n`),
    frame(1, `${at} open`),
  ]);
  for (const size of [1, 5, 9, 1_000]) {
    const lines = await collect(linesOf(framesOf(cut(bytes, size))));
    t.same(lines, [
      { at, stream: 'stderr', text: 'bad' },
      { at, stream: 'stdout', text: 'grün ✓' },
      { at, stream: 'stdout', text: '' },
      { at, stream: 'stdout', text: 'open' },
    ]);
  }
});

t.test('a chunk of many small frames is no burden', async (t) => {
  const bytes = Buffer.concat(Array.from({ length: 20_000 }, () => frame(1, `${at} x\n`)));
  const begun = performance.now();
  let lines = 0;
  for await (const _ of linesOf(framesOf(cut(bytes, bytes.length)))) lines++;
  t.equal(lines, 20_000);
  t.ok(performance.now() - begun < 5_000);
});
