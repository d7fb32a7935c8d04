import t from 'tap';
import { type HeldArtifact, planArtifacts } from './plan-artifacts.js';

const image = (digest: string, bytes = 10) => ({ kind: 'image' as const, digest, bytes });
const held = (deploymentId: string, digest: string, more: Partial<HeldArtifact> = {}): HeldArtifact => ({
  deploymentId,
  serviceId: 's',
  environment: 'production',
  builderId: 'b',
  artifact: image(digest),
  live: false,
  unfinished: false,
  rollback: false,
  ...more,
});
const ids = (each: readonly HeldArtifact[]) => each.map(({ deploymentId }) => deploymentId);

t.test('what is live, unfinished or a rollback release is kept, and nothing else', async (t) => {
  const { kept, doomed } = planArtifacts([
    held('1', 'old'),
    held('2', 'rollback', { rollback: true }),
    held('3', 'live', { live: true, rollback: true }),
    held('4', 'building', { unfinished: true }),
    held('5', 'failed'),
  ]);
  t.same([...kept].map(([digest, each]) => [digest, each.for.map(({ reason }) => reason)]).sort(), [
    ['building', ['unfinished']],
    ['live', ['live']],
    ['rollback', ['rollback']],
  ]);
  t.same(ids(doomed), ['1', '5']);
});

t.test('an artifact that another deployment is kept with stays, for that one alone', async (t) => {
  const { kept, doomed } = planArtifacts([held('1', 'same'), held('2', 'same', { live: true })]);
  t.same(kept.get('same')?.for.length, 1);
  t.same(ids(doomed), ['1']);
});

t.test('a budget lets the oldest rollback releases go, and never what is live or unfinished', async (t) => {
  const all = [
    held('1', 'a', { rollback: true, artifact: image('a', 1) }),
    held('2', 'b', { rollback: true }),
    held('3', 'c', { rollback: true }),
    held('4', 'd', { live: true, rollback: true }),
    held('5', 'e', { unfinished: true }),
  ];
  const keptWith = (budget: number) => [...planArtifacts(all, budget).kept.keys()].sort().join('');
  t.equal(keptWith(41), 'abcde');
  t.equal(keptWith(40), 'bcde');
  t.equal(keptWith(39), 'cde', 'a smaller, older one is not kept in the place of a larger one');
  t.equal(keptWith(0), 'de');
  const shared = [...all, held('0', 'd', { rollback: true })];
  t.same(planArtifacts(shared, 0).kept.get('d')?.for.length, 2, 'one that takes no more space stays');
});
