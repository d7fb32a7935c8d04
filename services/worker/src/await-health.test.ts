import type { Runtime } from '@pierhead/model';
import t, { type Test } from 'tap';
import { setUp } from './fixture.js';

const unwell = { healthy: false as const, reason: 'nobody answers' };

/** How a deployment ends whose instance stays unwell for its 0.05 seconds. */
async function outcomeOf(t: Test, runtime: Partial<Runtime>) {
  const upstreams = [{ kind: 'http' as const, host: '127.0.0.1', port: 1 }];
  const { create, run } = await setUp(t, {
    runtime: {
      start: async () => ({ ids: ['c'], upstreams, graceSeconds: 0.05 }),
      probe: async () => unwell,
      ...runtime,
    },
  });
  return run(await create());
}

t.test('an instance that is not healthy in time fails its deployment with what the last probe said', async (t) => {
  t.match(await outcomeOf(t, {}), {
    status: 'failed',
    error: { code: 'health_check_failed', stage: 'verify', message: /not healthy within 0\.05 s: nobody answers$/ },
  });
});

t.test('a runtime may say more of it', async (t) => {
  const diagnose: Runtime['diagnose'] = async ({ ids }, reason) => ({
    code: 'app_asleep',
    message: `${reason}, for ${ids} sleeps`,
    hint: 'Wake it.',
    line: 'zzz',
  });
  t.match(await outcomeOf(t, { diagnose }), {
    error: { code: 'app_asleep', message: /: nobody answers, for c sleeps$/, hint: 'Wake it.', line: 'zzz' },
  });
});

t.test('a diagnosis that fails takes nothing away', async (t) => {
  t.match(await outcomeOf(t, { diagnose: () => Promise.reject(new Error('no')) }), {
    error: { code: 'health_check_failed', message: /nobody answers$/ },
  });
});

t.test('what runs at another address by now is taken over there', async (t) => {
  const [before, now] = [1, 2].map((port) => ({ kind: 'http' as const, host: '127.0.0.1', port }));
  const start = async () => ({ ids: ['c'], upstreams: [before!], graceSeconds: 30 });
  const adopt = async () => ({ ids: ['c'], upstreams: [now!] });
  const probe: Runtime['probe'] = async ({ upstreams }) =>
    upstreams.some((each) => each.kind === 'http' && each.port === 2) ? { healthy: true } : unwell;
  t.match(await outcomeOf(t, { start, adopt, probe }), { status: 'queued' }, 'by the next attempt');
});

t.test('an instance that becomes healthy late is healthy', async (t) => {
  let probes = 0;
  const probe: Runtime['probe'] = async () => (++probes < 4 ? unwell : { healthy: true });
  t.match(await outcomeOf(t, { probe }), { status: 'succeeded' });
});

t.test('an instance that has to stay healthy for a while, and does, succeeds', async (t) => {
  let probes = 0;
  const upstreams = [{ kind: 'http' as const, host: '127.0.0.1', port: 1 }];
  const start = async () => ({ ids: ['c'], upstreams, holdSeconds: 0.2, intervalSeconds: 0.05 });
  const probe: Runtime['probe'] = async () => {
    probes += 1;
    return { healthy: true };
  };
  t.match(await outcomeOf(t, { start, probe }), { status: 'succeeded' });
  t.ok(probes > 3, `${probes} probes`);
});

t.test('an instance that does not stay healthy fails', async (t) => {
  let probes = 0;
  const upstreams = [{ kind: 'http' as const, host: '127.0.0.1', port: 1 }];
  const start = async () => ({ ids: ['c'], upstreams, holdSeconds: 60, intervalSeconds: 0.01 });
  const probe: Runtime['probe'] = async () => (++probes < 4 ? { healthy: true } : unwell);
  t.match(await outcomeOf(t, { start, probe }), {
    status: 'failed',
    error: {
      code: 'health_check_failed',
      stage: 'verify',
      message: /did not stay healthy: after \d s of 60 s: nobody/,
    },
  });
});
