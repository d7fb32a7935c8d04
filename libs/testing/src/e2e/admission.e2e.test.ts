import t from 'tap';
import { stackIsGiven, testStack } from '../stack.js';
import { until } from '../until.js';
import { createSite, freshName } from './scenarios.js';

t.setTimeout(120_000);
const given = stackIsGiven() && 'the topology is not the test\u2019s own';
const moreThanThereIs = 900_000_000_000_000;

t.test(
  'a deployment waits, visibly, while no worker has room, and goes to the first that has',
  { skip: given },
  async (t) => {
    const stack = await testStack(t, { workers: [{ minFreeMemory: moreThanThereIs }] });
    const { api } = stack;
    const [worker] = (await api.get('/workers')).body;
    t.match(worker.refusal, /^Only \d+ MiB of memory are free; .*PIERHEAD_MIN_FREE_MEMORY/);
    const service = await createSite(stack, freshName('waiting'), { 'index.html': 'hello' });
    const { body: waiting } = await api.post(`/services/${service.id}/deployments`, {});
    const reasonOf = async () => (await api.get(`/deployments/${waiting.id}`)).body.queue?.reason;
    await until('it says why it waits', async () => String(await reasonOf()).startsWith(`Worker ${worker.id}: Only`));
    await stack.startWorker();
    const started = performance.now();
    t.match(await api.follow(waiting.id), { status: 'succeeded' });
    t.ok(performance.now() - started < 5_000, 'soon after the other worker came');
  },
);
