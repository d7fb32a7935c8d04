import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testStack, visit } from '@pierhead/testing';
import t from 'tap';

t.setTimeout(180_000);

const program = fileURLToPath(new URL('../bin/pierhead.js', import.meta.url));

interface Ended {
  code: number;
  out: string;
  err: string;
}

/** The command as a user runs it. */
const command =
  (env: NodeJS.ProcessEnv) =>
  (...args: string[]): Promise<Ended> =>
    new Promise((resolve) => {
      execFile(process.execPath, [program, ...args], { env }, (error, out, err) =>
        resolve({ code: error ? Number(error.code) : 0, out, err }),
      );
    });

t.test('the command works against a running Pierhead', async (t) => {
  const { api, gatewayUrl, baseDomain } = await testStack(t);
  const pierhead = command({ PIERHEAD_URL: api.url, PIERHEAD_TOKEN: api.token });
  const json = async (...args: string[]) => JSON.parse((await pierhead(...args, '--json')).out);
  const site = t.testdir({
    'index.html': 'from the command',
    '@scope': { 'note.txt': 'a folder that a packer may take for an archive' },
    '.git': { config: 'a secret' },
  });
  const name = `cli-${Date.now().toString(36)}`;
  const create = (uploadId: string, ...more: string[]) => [
    ...['services', 'create', '--name', name, '--provider', 'static', '--builder', 'static'],
    ...['--provider-set', `uploadId=${uploadId}`, ...more],
  ];

  await t.test('the registries are listed, with the fields of each entry', async (t) => {
    const { code, out } = await pierhead('providers');
    t.equal(code, 0);
    const listed = (await api.get('/providers')).body as { id: string }[];
    for (const { id } of listed) t.match(out, new RegExp(`^${id} `, 'm'));
    t.same(await json('builders'), (await api.get('/builders')).body);
    t.match(await pierhead('runtimes'), { code: 0, out: /files/ });
    t.match(await pierhead('providers', 'static'), { code: 0, out: /uploadId \*[\s\S]*\* required/ });
    t.match(await pierhead('providers', 'none'), { code: 1, err: /^provider_not_found: / });
  });

  await t.test('entries are switched off and on, and plugins are read anew', async (t) => {
    t.match(await pierhead('builders', 'disable', 'image'), { code: 0, out: /^image is disabled/ });
    t.match((await pierhead('builders')).out, /^image .*\(disabled\)/m);
    t.match(await pierhead('builders', 'enable', 'image'), { code: 0, out: /^image is enabled/ });
    t.notMatch((await pierhead('builders')).out, /\(disabled\)/);
    t.match(await pierhead('builders', 'disable', 'none'), { code: 1, err: /builder_not_found: / });
    t.match(await pierhead('plugins', 'list'), { code: 0, out: /no plugins/ });
    t.same(await json('plugins', 'reload'), []);
  });

  await t.test('a config is validated', async (t) => {
    t.match(await pierhead('validate', 'builder', 'static', '--set', 'index=home.html'), { code: 0, out: /^valid/ });
    t.match(await pierhead('validate', 'provider', 'static'), { code: 1, out: /\/uploadId +required/ });
    t.match(await pierhead('validate', 'builder', 'static', '--set', 'x=1'), { code: 1, err: /unknown_field: .*x/ });
  });

  await t.test('a folder is uploaded, made a service, deployed and visited', async (t) => {
    const { id, files } = await json('upload', site);
    t.equal(files, 2, 'without .git');
    const created = await pierhead(...create(id, '--var', 'MODE=a=b', '--secret', 'KEY=hush'));
    t.equal(created.code, 0, created.err);
    t.match(created.out, new RegExp(`^name +${name}$`, 'm'));
    t.match(created.out, /^variables +KEY=\(secret\) MODE="a=b"$/m);
    const deployed = await pierhead('deploy', name);
    t.equal(deployed.code, 0, deployed.err);
    t.match(deployed.err, /^fetch +\| ./m, 'the log');
    t.match(deployed.out, new RegExp(`^http://${name}\\.${baseDomain}:\\d+\\n$`), 'the URL and nothing else');
    t.match(await visit(gatewayUrl, `${name}.${baseDomain}`), { status: 200, text: 'from the command' });
  });

  await t.test('services and deployments are listed and shown', async (t) => {
    const [service] = await json('services', 'list', '--search', name);
    t.match(service, { name, variables: { MODE: 'a=b', KEY: { secret: true } } });
    t.match(await pierhead('services', 'upgrade', name), { code: 0, out: /has the newest versions/ });
    t.match(await pierhead('services', 'list'), { out: new RegExp(`^${name} +static +static +#1`, 'm') });
    t.same(await json('services', 'show', service.id), service);
    t.match(await pierhead('projects'), { code: 0, out: /^default /m });
    t.match(await pierhead('workers'), { code: 0, out: /\d\/\d/ });
    t.match(await pierhead('storage'), { code: 0, out: /free disk .+ of .+/ });
    t.match(await pierhead('keys', 'rotate'), { code: 0, out: /^sealed anew +0$/m });
    const [deployment] = await json('deployments', name);
    t.match(await pierhead('deployments', name), { out: /^#1 live +succeeded/m });
    const stored = await pierhead('logs', deployment.id);
    t.match(stored.out, /^fetch +\| ./m);
    t.equal((await pierhead('logs', deployment.id, '--follow')).out, stored.out);
    t.match(await json('deployments', 'provenance', deployment.id), { payload: String, signatures: [{ sig: String }] });
    const checked = JSON.parse((await pierhead('deployments', 'provenance', deployment.id, '--verify')).out);
    const { digest } = deployment.artifact;
    t.match(checked, { subject: [{ name, digest: { sha256: digest.replace('sha256:', '') } }] });
    t.match(await pierhead('cancel', deployment.id), { code: 1, err: /^deployment_final: / });
    t.match(await json('deploy', name, '--no-wait'), { number: 2 });
  });

  await t.test('tokens are made, used, listed and removed', async (t) => {
    const own = `${name}-token`;
    const made = await pierhead(
      'tokens',
      'create',
      '--name',
      own,
      '--scope',
      'read',
      '--expires-at',
      '2999-01-01T00:00Z',
    );
    t.match(made, { code: 1, err: /\/expiresAt/ }, 'seconds are part of a time');
    const created = await json('tokens', 'create', '--name', own, '--scope', 'read', '--scope', 'deploy');
    t.match(created, { name: own, scopes: ['read', 'deploy'], expiresAt: null, token: /^ph_[\w-]{43}$/ });
    const holder = command({ PIERHEAD_URL: api.url, PIERHEAD_TOKEN: created.token });
    t.match(await holder('providers'), { code: 0 });
    t.match(await holder('tokens', 'list'), { code: 1, err: /^scope_missing: .*admin/ });
    t.match((await pierhead('tokens', 'list')).out, new RegExp(`^${own} +read, deploy +all +${created.id} `, 'm'));
    t.match(await pierhead('tokens', 'remove', own), { code: 0, out: `${own} is removed.\n` });
    t.match(await holder('providers'), { code: 1, err: /^token_invalid: / });
    t.match(await pierhead('tokens', 'remove', own), { code: 1, err: /^token_not_found: / });
    t.match(await pierhead('tokens', 'create', '--name', own, '--scope', 'root'), {
      code: 1,
      err: /read, deploy, admin/,
    });
    const [project] = await json('projects');
    const shown = await pierhead('tokens', 'create', '--name', own, '--scope', 'read', '--project', project.id);
    t.match(shown.out, new RegExp(`^projects +${project.id}$`, 'm'));
    t.match(shown.out, /^token +ph_[\w-]{43}$/m);
    t.match(await pierhead('tokens', 'remove', own), { code: 0 });
  });

  await t.test('a deployment that fails exits with 1, its code and a hint', async (t) => {
    const { id } = await json('upload', t.testdir({ 'other.html': 'no index' }));
    const failing = `${name}-failing`;
    const made = await pierhead(
      ...create(id).map((each) => (each === name ? failing : each)),
      '--builder-set',
      'index=gone.html',
    );
    t.equal(made.code, 0, made.err);
    const { code, out, err } = await pierhead('deploy', failing);
    t.equal(code, 1);
    t.equal(out, '');
    t.match(err, /^[a-z_]+: .+\n( {2}line: .+\n)? {2}hint: .+\n$/m);
    t.match(await json('deploy', failing), { status: 'failed', error: { hint: String } });
    t.match(await pierhead('services', 'delete', failing), { code: 0, out: /is deleted/ });
  });

  await t.test('every fault of a refused service is told', async (t) => {
    const { code, err } = await pierhead(
      'services',
      'create',
      '--name',
      'x',
      '--provider',
      'none',
      '--builder',
      'none',
    );
    t.equal(code, 1);
    t.match(err, /^invalid_service: .+\n {2}\/providerId: .+\n {2}\/builderId: /);
    t.match(await pierhead('services', 'show', 'nobody'), {
      code: 1,
      err: /^service_not_found: .*nobody.*\n {2}hint: /,
    });
    t.match(await pierhead('upload', '/nowhere'), { code: 1, err: /^path_not_found: / });
  });

  await t.test('a token that is wrong, missing or for another machine is named', async (t) => {
    const hint = /PIERHEAD_TOKEN/;
    const wrong = await command({ PIERHEAD_URL: api.url, PIERHEAD_TOKEN: 'wrong' })('providers');
    t.match(wrong, { code: 1, err: /^token_invalid: / });
    t.match(wrong.err, hint);
    const folder = t.testdir({});
    const local = command({ PIERHEAD_URL: api.url, PIERHEAD_DATA_DIR: folder });
    t.match(await local('providers'), { code: 1, err: /^token_missing: / });
    await writeFile(join(folder, 'admin-token'), `${api.token}\n`);
    t.match(await local('providers'), { code: 0 });
    const remote = command({ PIERHEAD_URL: 'http://pierhead.example', PIERHEAD_DATA_DIR: folder });
    t.match(await remote('providers'), { code: 1, err: /^token_missing: / });
    const away = command({ PIERHEAD_URL: 'http://127.0.0.1:1', PIERHEAD_TOKEN: 'x' });
    t.match(await away('providers'), { code: 1, err: /^api_unreachable: .*127\.0\.0\.1:1/ });
    t.match(JSON.parse((await away('providers', '--json')).err), { code: 'api_unreachable' });
  });

  await t.test('help names every command, and a wrong one is refused', async (t) => {
    const { out } = await pierhead('--help');
    for (const each of ['providers', 'validate', 'services', 'upload', 'deploy', 'logs', 'tokens', 'keys', 'workers'])
      t.match(out, each);
    t.match(await pierhead('deplyo'), { code: 1, err: /unknown command/ });
  });

  t.match(await pierhead('services', 'delete', name), { code: 0 });
});
