import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from '@pierhead/database';
import { callEngine, openStream } from '@pierhead/docker';
import t, { type Test } from 'tap';
import { dockerMissing, ensureBaseImages, removeTestImages, testEngine } from '../docker.js';
import { type Stack, stackIsGiven, testStack } from '../stack.js';
import { until } from '../until.js';
import { createApp, freshName, removeService } from './scenarios.js';

t.setTimeout(300_000);
const skip = (await dockerMissing()) || (stackIsGiven() && 'the database is not the test\u2019s to read');
const engine = testEngine();
const masked = { secret: true };

/** Every row of every table, the queue's too, and every file that is kept, as text. */
async function everythingKept(t: Test, { inside }: Stack): Promise<string> {
  const { databaseUrl, dataDir } = inside!;
  const { sql, close } = connect(databaseUrl, { name: 'test', max: 1 });
  t.teardown(close);
  const tables = await sql<{ name: string }[]>`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`;
  const rows = await Promise.all(tables.map(({ name }) => sql.unsafe(`select t::text as row from ${name} t`)));
  const files = await readdir(dataDir, { recursive: true, withFileTypes: true });
  const texts = files
    .filter((file) => file.isFile())
    .map((file) => readFile(join(file.parentPath, file.name), 'latin1'));
  return [...rows.flat().map(({ row }) => row as string), ...(await Promise.all(texts))].join('\n');
}

t.test('a build secret is used, and kept nowhere but sealed', { skip }, async (t) => {
  await ensureBaseImages();
  const stack = await testStack(t, { workers: 1 });
  const { api } = stack;
  const token = `hush-${randomUUID()}`;
  const base64 = Buffer.from(token).toString('base64');
  const Dockerfile = `FROM busybox
RUN --mount=type=secret,id=token : ${randomUUID()}; cat /run/secrets/token; echo; base64 < /run/secrets/token; echo begun; \\
  sleep 3; rev /run/secrets/token > /digest; echo read $(sha256sum < /run/secrets/token | cut -c1-8)
CMD ["httpd", "-f", "-p", "8000"]
EXPOSE 8000
`;
  const service = await createApp(
    stack,
    freshName('secret'),
    { Dockerfile },
    { builderConfig: { secrets: { token } } },
  );
  const path = `/services/${service.id}`;
  t.teardown(() => removeService(stack, service.id));
  t.match((await api.get(path)).body.builderConfig, { secrets: { token: masked } });

  const told: string[] = [];
  const accepted = await api.post(`${path}/deployments`, {});
  const log = async () =>
    (await api.get(`/deployments/${accepted.body.id}/logs`, { accept: 'text/plain' })).body as string;
  await until('the step runs', async () => / begun$/m.test(await log()));
  told.push(await everythingKept(t, stack));
  const deployment = await api.follow(accepted.body.id);
  t.match(deployment, { status: 'succeeded' }, JSON.stringify(deployment.error));
  const digest = deployment.artifact!.digest;
  t.teardown(() => removeTestImages([digest]));
  t.match(await log(), `read ${createHash('sha256').update(token).digest('hex').slice(0, 8)}`);
  t.equal((await log()).match(/ \*\*\*$/gm)?.length, 2);

  told.push(await log(), await everythingKept(t, stack));
  for (const each of [path, '/services', `/deployments/${deployment.id}`, '/audit', '/workers', `${path}/deployments`])
    told.push(JSON.stringify((await api.get(each)).body));
  told.push(JSON.stringify((await api.post(`${path}/plan`, {})).body));
  for (const each of [`/images/${digest}/json`, `/images/${digest}/history`, '/containers/json', '/system/df'])
    told.push(JSON.stringify(await callEngine(engine, { method: 'GET', path: each })));
  const image = await openStream(engine, { method: 'GET', path: `/images/${digest}/get` });
  told.push(Buffer.concat(await image.toArray()).toString('latin1'));
  for (const text of told) t.notOk(text.includes(token) || text.includes(base64));
  t.ok(told[0]!.includes(service.id), 'the rows were read');
});

t.test('build secrets are changed one by one, and a value that is not sent stays', { skip }, async (t) => {
  const { api, ...stack } = await testStack(t, { workers: 1 });
  const read = 'for each in a b c; do echo $each=$(cat /run/secrets/$each 2> /dev/null | rev); done; exit 7';
  const mounts = ['a', 'b', 'c'].map((id) => `--mount=type=secret,id=${id}`).join(' ');
  const Dockerfile = () => `FROM busybox\nRUN ${mounts} : ${randomUUID()}; ${read}\n`;
  const builderConfig = { secrets: { a: 'one-1', b: 'two-2' } };
  const service = await createApp({ api }, freshName('kept'), { Dockerfile: Dockerfile() }, { builderConfig });
  t.teardown(() => removeService({ ...stack, api }, service.id));
  const path = `/services/${service.id}`;
  const seen = async () => {
    const { id, error } = await api.deploy(service.id, { force: true });
    t.match(error, { code: 'build_step_failed' });
    return (await api.get(`/deployments/${id}/logs`, { accept: 'text/plain' })).body as string;
  };
  t.match(await seen(), /a=1-eno\n.*b=2-owt\n.*c=\n/);
  const patched = await api.patch(path, { builderConfig: { secrets: { b: null, c: 'three-3' }, target: '' } });
  t.match(patched, { status: 200, body: { builderConfig: { secrets: { a: masked, c: masked } } } });
  t.notOk('b' in patched.body.builderConfig.secrets);
  t.match(await seen(), /a=1-eno\n.*b=\n.*c=3-eerht\n/);
  const sentBack = await api.patch(path, { builderConfig: (await api.get(path)).body.builderConfig });
  t.equal(sentBack.status, 200, 'as it was shown');
  const strange = await api.patch(path, { builderConfig: { secrets: { d: masked } } });
  t.match(strange, { status: 422, body: { errors: [{ path: '/builderConfig/secrets/d' }] } });
  t.match(await seen(), /a=1-eno\n.*b=\n.*c=3-eerht\n/);
});
