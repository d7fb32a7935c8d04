import { type CallContext, UserError, WorldError } from '@pierhead/model';
import t from 'tap';
import { blame } from './blame.js';

const context = { signal: new AbortController().signal } as CallContext;
const failure = new UserError('build_step_failed', 'Exit code 1.');
const reason = { code: 'engine_gone', message: 'No engine.', hint: 'Start it.' };

t.test('a failure is the user’s while the entry can be used, or does not say', async (t) => {
  t.equal(await blame(failure, {}, context), failure);
  t.equal(await blame(failure, { unavailable: async () => null }, context), failure);
  t.equal(await blame(failure, { unavailable: () => Promise.reject(new Error('hung')) }, context), failure);
});

t.test('a failure is the world’s once the entry cannot be used', async (t) => {
  const error = await blame(failure, { unavailable: async () => reason }, context);
  t.type(error, WorldError);
  t.match(error, { code: 'engine_gone', message: 'No engine. (Exit code 1.)', hint: 'Start it.', cause: failure });
});

t.test('nothing is asked about what was stopped, or is not blamed on the user', async (t) => {
  const asked = { unavailable: () => Promise.reject(t.fail('asked')) };
  const world = new WorldError('disk_full', 'Full.');
  t.equal(await blame(world, asked, context), world);
  t.equal(await blame(failure, asked, { ...context, signal: AbortSignal.abort() }), failure);
});
