import type { Lease, PackedLine } from '@pierhead/database';
import { maskSecrets } from '@pierhead/model';
import t from 'tap';
import { createLogWriter } from './log-writer.js';

const lease: Lease = { deploymentId: 'd', owner: 'w', epoch: 1 };

function memoryStore(held = true) {
  const chunks: { firstSeq: number; lines: PackedLine[] }[] = [];
  return {
    chunks,
    texts: () => chunks.flatMap((chunk) => chunk.lines.map(([, , , text]) => text)),
    append: async (_lease: Lease, firstSeq: number, lines: PackedLine[]) => {
      if (!held) return false;
      chunks.push({ firstSeq, lines });
      return true;
    },
  };
}

t.test('a hundred thousand lines arrive whole, in order and in few batches', async (t) => {
  const store = memoryStore();
  const log = createLogWriter(store, lease, 41, maskSecrets([]));
  for (let line = 1; line <= 100_000; line += 1) log.write('build', 'stdout', `line ${line}`);
  await log.flush();
  t.equal(store.texts().length, 100_000);
  t.ok(store.texts().every((text, index) => text === `line ${index + 1}`));
  t.equal(store.chunks[0]?.firstSeq, 42, 'numbers go on after what is stored');
  t.ok(
    store.chunks.every(
      (chunk, index) =>
        index === 0 || chunk.firstSeq === store.chunks[index - 1]!.firstSeq + store.chunks[index - 1]!.lines.length,
    ),
  );
  t.ok(store.chunks.length <= 101);
});

t.test('several lines become several, and a long one is stored in pieces', async (t) => {
  const store = memoryStore();
  const log = createLogWriter(store, lease, 0, maskSecrets([]));
  log.write('build', 'stderr', 'one\r\ntwo\n');
  log.write('build', 'stdout', 'x'.repeat(40_000));
  await log.flush();
  t.same(
    store.texts().map((text) => text.length),
    [3, 3, 16_384, 16_384, 7_232],
  );
});

t.test('a log that another worker writes by now is left to it', async (t) => {
  const store = memoryStore(false);
  const log = createLogWriter(store, lease, 0, maskSecrets([]));
  log.write('fetch', 'stdout', 'late');
  await t.rejects(log.flush());
  t.same(store.texts(), []);
});

t.test('secrets are not stored, not even across the pieces of a long line', async (t) => {
  const store = memoryStore();
  const log = createLogWriter(store, lease, 0, maskSecrets(['hunter-two']));
  log.write('fetch', 'system', 'the token is hunter-two');
  log.write('build', 'stdout', `${'x'.repeat(16_380)}hunter-two`);
  await log.flush();
  t.same(store.texts(), ['the token is ***', `${'x'.repeat(16_380)}***`]);
});
