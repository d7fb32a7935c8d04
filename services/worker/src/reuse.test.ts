import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Builder } from '@pierhead/model';
import { order } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { setUp } from './fixture.js';

/** A service of one file, and a builder that makes another image each time. */
async function setUpReuse(t: Test, builder: Partial<Builder> = {}) {
  const source = { text: 'one', mode: 0o644, folder: '' };
  const here = new Set<string>();
  const world = await setUp(t, {
    provider: {
      resolveRevision: async () => ({ id: 'r' }),
      fetchSource: async (_revision, _config, path) => {
        await writeFile(join(path, 'file'), source.text);
        await chmod(join(path, 'file'), source.mode);
        if (source.folder) await mkdir(join(path, source.folder));
        return { kind: 'tree', path };
      },
    },
    builder: {
      build: async () => {
        const digest = `sha256:${here.size + 1}`;
        here.add(digest);
        return { kind: 'image', digest, bytes: 1 };
      },
      ...builder,
    },
    runtime: { has: async ({ digest }) => here.has(digest) },
  });
  const { create, run, worker } = world;
  const deploy = async (id?: Promise<string>) => {
    const { artifact, artifactReused } = await run(await (id ?? create()));
    return `${artifact!.digest}${artifactReused ? ' again' : ''}`;
  };
  const forced = async () => {
    const [row] = await worker.database.sql<{ id: string }[]>`select id from services`;
    return (await worker.deployments.create({ ...order(row!.id), input: { force: true } }))!.id;
  };
  return { ...world, source, here, deploy, forced };
}

t.test('what is unchanged is not built again, also for another service, unless it is asked for', async (t) => {
  const { createService, create, deploy, forced } = await setUpReuse(t);
  t.equal(await deploy(), 'sha256:1');
  t.equal(await deploy(), 'sha256:1 again');
  t.equal(await deploy(create(await createService())), 'sha256:1 again');
  t.equal(await deploy(forced()), 'sha256:2');
  t.equal(await deploy(), 'sha256:2 again', 'the newest');
});

t.test('a reused artifact shows in the stages and the log', async (t) => {
  const { create, run, logOf, deploy } = await setUpReuse(t);
  await deploy();
  const id = await create();
  const { stages } = await run(id);
  t.ok(stages.some(({ name, status }) => name === 'build' && status === 'succeeded'));
  t.match(await logOf(id), ['unchanged since it was built: sha256:1']);
});

t.test('files, modes, folders, the builder and its config make a difference', async (t) => {
  const { source, worker, deploy, replaceVersions } = await setUpReuse(t);
  const { sql } = worker.database;
  t.equal(await deploy(), 'sha256:1');
  source.text = 'two';
  t.equal(await deploy(), 'sha256:2');
  source.mode = 0o755;
  t.equal(await deploy(), 'sha256:3');
  source.folder = 'empty';
  t.equal(await deploy(), 'sha256:4');
  await sql`update services set builder_config = '{"target":"x"}'`;
  t.equal(await deploy(), 'sha256:5');
  replaceVersions('2.0.0');
  await sql`update services set provider_version = '2.0.0', builder_version = '2.0.0', runtime_version = '2.0.0'`;
  t.equal(await deploy(), 'sha256:6');
  t.equal(await deploy(), 'sha256:6 again');
  await sql`update services set provider_config = '{"url":"elsewhere"}', variables = '{"A":"b"}'`;
  t.equal(await deploy(), 'sha256:6 again', 'where it came from and what it runs with make none');
});

t.test('what is gone from the machine, or discarded, is built again', async (t) => {
  const { here, worker, deploy } = await setUpReuse(t);
  await deploy();
  here.clear();
  here.add('other');
  t.equal(await deploy(), 'sha256:2');
  await worker.database.sql`update deployments set artifact_discarded_at = now()`;
  t.equal(await deploy(), 'sha256:3');
});

t.test('a builder says what else its artifacts depend on', async (t) => {
  let inputs: string[] | null = ['base 1'];
  const { deploy } = await setUpReuse(t, { inputs: async () => inputs });
  t.equal(await deploy(), 'sha256:1');
  inputs = ['base 2'];
  t.equal(await deploy(), 'sha256:2');
  inputs = null;
  t.equal(await deploy(), 'sha256:3');
  t.equal(await deploy(), 'sha256:4', 'it cannot tell');
  inputs = ['base 1'];
  t.equal(await deploy(), 'sha256:1 again');
});

t.test('the key says nothing of the config that went into it', async (t) => {
  const { worker, deploy } = await setUpReuse(t);
  await deploy();
  const [row] = await worker.database.sql`select artifact_key from deployments`;
  t.match(row!.artifact_key, /^hmac-sha256:[0-9a-f]{64}$/);
});
