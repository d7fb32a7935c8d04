import t from 'tap';
import { BuildOutput } from './build-output.js';
import { type BuildStatus, decodeStatus, statusResponse } from './build-status.js';
import { followJson } from './follow-json.js';

const step = { digest: 'sha256:a', name: '[2/3] RUN make' };
const started = { ...step, started: { seconds: 10 } };
const done = { ...started, completed: { seconds: 11, nanos: 500_000_000 } };
const log = (text: string | Buffer, stream = 1) => ({ vertex: step.digest, stream, msg: Buffer.from(text) });

function collect(statuses: BuildStatus[]) {
  const sent: [string, string][] = [];
  const output = new BuildOutput((text, stream) => sent.push([stream, text]));
  for (const status of statuses) output.write(status);
  return { sent, output };
}

/** The bytes that the engine would send for `statuses`. */
function wire(statuses: BuildStatus[]): Buffer {
  const type = statusResponse();
  const aux = (status: BuildStatus) => Buffer.from(type.encode(type.fromObject(status)).finish()).toString('base64');
  return Buffer.from(
    statuses.map((each) => `${JSON.stringify({ id: 'moby.buildkit.trace', aux: aux(each) })}\r\n`).join(''),
  );
}

async function* cut(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

t.test('a step shows its name, its output by stream, and its time', async (t) => {
  const { sent } = collect([
    { vertexes: [step] },
    { vertexes: [started], logs: [log('one\ntw'), log('bad\n', 2)] },
    { logs: [log('o\nlast')] },
    { vertexes: [done] },
    { vertexes: [done] },
  ]);
  t.same(sent, [
    ['system', '#1 [2/3] RUN make'],
    ['stdout', '#1 one'],
    ['stderr', '#1 bad'],
    ['stdout', '#1 two'],
    ['stdout', '#1 last'],
    ['system', '#1 DONE 1.5s'],
  ]);
});

t.test('a cached step says so, housekeeping stays out, and the first error is kept', async (t) => {
  const { sent, output } = collect([
    { vertexes: [{ digest: 'i', name: '[internal] load remote build context', started: { seconds: 1 } }] },
    { vertexes: [{ ...done, cached: true }] },
    { vertexes: [{ digest: 'c', name: 'importing cache manifest from x', started: { seconds: 1 }, error: 'refused' }] },
    { vertexes: [{ digest: 'x', name: '[3/3] RUN a', started: { seconds: 1 }, error: 'context canceled' }] },
    { vertexes: [{ digest: 'y', name: '[3/3] RUN b', started: { seconds: 1 }, error: 'exit code: 7' }] },
  ]);
  t.match(sent[0], ['system', '#1 [2/3] RUN make\n#1 CACHED']);
  t.notMatch(JSON.stringify(sent), /internal/);
  t.match(sent.at(-1), ['stderr', '#4 ERROR: exit code: 7']);
  t.same(output.failed, { name: '[3/3] RUN b', error: 'exit code: 7' });
});

t.test('characters and messages survive any cut between chunks', async (t) => {
  const text = 'grün ✓ 漢字 🚀\n';
  const bytes = Buffer.from(text);
  const pieces = [...bytes].map((_, index) => log(bytes.subarray(index, index + 1)));
  const stream = wire([{ vertexes: [started] }, { logs: pieces }, { vertexes: [done] }]);
  for (const size of [1, 2, 3, 7, 64]) {
    const { sent, output } = collect([]);
    for await (const event of followJson(cut(stream, size))) output.write(decodeStatus(String(event.aux)));
    t.same(sent[1], ['stdout', `#1 ${text.trim()}`]);
  }
});

t.test('a hundred thousand lines arrive whole and within five seconds', async (t) => {
  const lines = Array.from({ length: 100_000 }, (_, index) => `line ${index} of a very chatty build`);
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  const statuses: BuildStatus[] = [{ vertexes: [started] }];
  for (let at = 0; at < bytes.length; at += 4_001) statuses.push({ logs: [log(bytes.subarray(at, at + 4_001))] });
  const stream = wire([...statuses, { vertexes: [done] }]);
  const begun = performance.now();
  const { sent, output } = collect([]);
  for await (const event of followJson(cut(stream, 65_536))) output.write(decodeStatus(String(event.aux)));
  const took = performance.now() - begun;
  const shown = sent.filter(([kind]) => kind === 'stdout').flatMap(([, text]) => text.split('\n'));
  t.equal(shown.length, 100_000);
  t.equal(shown.at(-1), '#1 line 99999 of a very chatty build');
  t.ok(took < 5_000, `${Math.round(took)} ms`);
});

t.test('a line without an end is cut, not hoarded', async (t) => {
  const piece = log('x'.repeat(50_000));
  const { sent } = collect([{ vertexes: [started] }, { logs: [piece, piece, piece] }]);
  t.equal(sent[1]?.[1].length, 100_003);
});
