import t from 'tap';
import { canRun, chooseWorker, type LiveWorker, type Requirements } from './choose-worker.js';
import { type WorkerTraits, worker } from './fixture.js';

const needs = (...labels: string[]): Requirements => ({
  labels,
  entries: [
    { kind: 'provider', id: 'p', version: '1.0.0' },
    { kind: 'builder', id: 'b', version: '1.0.0' },
    { kind: 'runtime', id: 'r', version: '1.0.0' },
  ],
});

const crew = (traits: Record<string, WorkerTraits & { busy?: number }>): LiveWorker[] =>
  Object.entries(traits).map(([id, { busy = 0, ...rest }]) => ({ ...worker(id, rest), busy }));

const noDocker = { fault: 'No Docker engine answers.' };
const noRoom = { refusal: 'Only 1 MB is free.' };
const lacksBuilder: WorkerTraits = { lacks: ['builder'] };

const cases: [string, Requirements, LiveWorker[], string | null | { reason: string }][] = [
  ['no worker at all', needs(), [], { reason: 'No worker is running.' }],
  ['one that can', needs(), crew({ a: {} }), null],
  ['all can', needs(), crew({ a: {}, b: { labels: ['gpu'] } }), null],
  ['one can', needs(), crew({ a: noDocker, b: {} }), 'b'],
  ['one has the entry', needs(), crew({ a: lacksBuilder, b: {} }), 'b'],
  ['the one with the most free slots', needs(), crew({ a: noDocker, b: { busy: 1 }, c: { slots: 3, busy: 1 } }), 'c'],
  ['one has the label', needs('gpu'), crew({ a: {}, b: { labels: ['gpu', 'eu'] } }), 'b'],
  ['all have the label', needs('gpu'), crew({ a: { labels: ['gpu'] } }), null],
  ['nobody has a label', needs('gpu'), crew({ a: {} }), { reason: 'No worker has the label gpu.' }],
  ['nobody has either', needs('gpu', 'eu'), crew({ a: {} }), { reason: 'No worker has the labels gpu, eu.' }],
  [
    'nobody has both',
    needs('gpu', 'eu'),
    crew({ a: { labels: ['gpu'] }, b: { labels: ['eu'] } }),
    { reason: 'No worker has all of the labels gpu, eu.' },
  ],
  ['available nowhere: it fails at once', needs(), crew({ a: noDocker, b: noDocker }), null],
  ['had by nobody: it fails at once', needs(), crew({ a: lacksBuilder, b: lacksBuilder }), null],
  ['available nowhere: told by one that has it', needs(), crew({ a: lacksBuilder, b: noDocker }), 'b'],
  [
    'available nowhere: told by one with the label',
    needs('gpu'),
    crew({ a: noDocker, b: { ...noDocker, labels: ['gpu'] } }),
    'b',
  ],
  [
    'the labelled one cannot, another could',
    needs('gpu'),
    crew({ a: {}, b: { ...noDocker, labels: ['gpu'] } }),
    { reason: 'Worker b: No Docker engine answers.' },
  ],
  [
    'the labelled one lacks what another has',
    needs('gpu'),
    crew({ a: {}, b: { ...lacksBuilder, labels: ['gpu'] } }),
    { reason: 'Worker b: It does not have the builder b 1.0.0.' },
  ],
  ['one has no room', needs(), crew({ a: noRoom, b: { busy: 9 } }), 'b'],
  [
    'nobody has room',
    needs(),
    crew({ a: noRoom, b: { refusal: 'It is stopping.' } }),
    { reason: 'Worker a: Only 1 MB is free. Worker b: It is stopping.' },
  ],
  [
    'of those who can, nobody has room',
    needs(),
    crew({ a: noRoom, b: noDocker }),
    { reason: 'Worker a: Only 1 MB is free.' },
  ],
  [
    'many have no room',
    needs(),
    crew({ a: noRoom, b: noRoom, c: noRoom, d: noRoom, e: noRoom }),
    { reason: /^(Worker [abc]: Only 1 MB is free\. ){3}2 more workers cannot either\.$/ as unknown as string },
  ],
];

for (const [name, requirements, workers, expected] of cases)
  t.test(name, async (t) => {
    const wanted = typeof expected === 'object' && expected !== null ? expected : { workerId: expected };
    t.match(chooseWorker(requirements, workers), wanted);
    t.same(Object.keys(chooseWorker(requirements, workers)), Object.keys(wanted));
  });

t.test('a worker that has not taken it is the last choice, but a choice', async (t) => {
  const workers = crew({ a: noDocker, b: { slots: 9 }, c: { busy: 2 } });
  t.same(chooseWorker(needs(), workers, 'b'), { workerId: 'c' });
  t.same(chooseWorker(needs(), crew({ a: noDocker, b: {} }), 'b'), { workerId: 'b' });
});

t.test('a worker knows what it can run', async (t) => {
  t.equal(canRun(worker('a'), needs()), true);
  t.equal(canRun(worker('a'), needs('gpu')), false);
  t.equal(canRun(worker('a', noDocker), needs()), false);
});
