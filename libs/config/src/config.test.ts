import { readFile } from 'node:fs/promises';
import t from 'tap';
import { ConfigError, readConfig, variables } from './config.js';

const document = new URL('../../../docs/configuration.md', import.meta.url);
const key = Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64');

/** As Markdown shows it: `<name>` would be taken for HTML. */
const cell = (text: string) => text.replaceAll('<', '\\<').replaceAll('|', '\\|');

t.test('the document lists every variable with its default and meaning, in order', async (t) => {
  const lines = (await readFile(document, 'utf8')).split('\n').filter((line) => /^\| `[A-Z_]+` \|/.test(line));
  const expected = Object.values(variables).map(
    (each) => `| \`${each.name}\` | ${cell(each.default)} | ${cell(each.meaning)} |`,
  );
  t.same(lines, expected);
});

t.test('an empty environment gives the defaults', async (t) => {
  const config = readConfig([], { HOME: '/home/me', LOG_LEVEL: '' });
  t.match(config, { dataDir: '/home/me/.local/share/pierhead', apiPort: 3000, gatewayPort: 8080, logLevel: 'info' });
  t.equal(config.databaseUrl, undefined);
  t.equal(readConfig([], { XDG_DATA_HOME: '/data' }).dataDir, '/data/pierhead');
  t.equal(readConfig([], { PIERHEAD_GATEWAY_PORT: '9000' }).publicGatewayPort, 9000);
});

t.test('everything that is wrong or missing is told at once, by name', async (t) => {
  const environment = { PIERHEAD_API_PORT: 'http', PIERHEAD_EGRESS_ALLOW: 'everything', PIERHEAD_ADMIN_TOKEN: 'short' };
  const read = () => readConfig(['secretKey', 'adminToken'], environment);
  t.throws(read, ConfigError);
  t.throws(read, {
    message:
      /^PIERHEAD_API_PORT: .*; PIERHEAD_ADMIN_TOKEN: .*; PIERHEAD_EGRESS_ALLOW: .*; PIERHEAD_SECRET_KEY: required/,
  });
});

t.test('a key of 32 equal bytes is no key', async (t) => {
  t.equal(readConfig(['secretKey'], { PIERHEAD_SECRET_KEY: key }).secretKey, key);
  const weak = Buffer.alloc(32).toString('base64');
  t.throws(() => readConfig(['secretKey'], { PIERHEAD_SECRET_KEY: weak }), { message: /32 random bytes/ });
});

t.test('old keys are a list of such keys', async (t) => {
  t.same(readConfig([], {}).oldSecretKeys, []);
  const other = Buffer.from(key, 'base64').reverse().toString('base64');
  t.same(readConfig([], { PIERHEAD_OLD_SECRET_KEYS: `${key}, ${other}` }).oldSecretKeys, [key, other]);
  const wrong = { PIERHEAD_OLD_SECRET_KEYS: `${key},short` };
  t.throws(() => readConfig([], wrong), { message: /PIERHEAD_OLD_SECRET_KEYS: expected 32 random bytes/ });
});

t.test('lists are separated by commas or spaces, and a label is one word', async (t) => {
  t.match(readConfig([], {}), { plugins: [], workerLabels: [] });
  const environment = { PIERHEAD_PLUGINS: '@acme/gitea ./plugins/a,  b', PIERHEAD_WORKER_LABELS: 'gpu,region=eu gpu' };
  t.match(readConfig([], environment), {
    plugins: ['@acme/gitea', './plugins/a', 'b'],
    workerLabels: ['gpu', 'region=eu'],
  });
  t.throws(() => readConfig([], { PIERHEAD_WORKER_LABELS: 'gpu;rm' }), {
    message: /PIERHEAD_WORKER_LABELS: expected words/,
  });
});

t.test('networks are for Pierhead alone, and subnets a range that holds some', async (t) => {
  t.match(readConfig([], {}), { dockerNetwork: '', dockerSubnets: '198.18.0.0/15' });
  const environment = { PIERHEAD_DOCKER_NETWORK: 'apps', PIERHEAD_DOCKER_SUBNETS: '10.64.0.0/16' };
  t.match(readConfig([], environment), { dockerNetwork: 'apps', dockerSubnets: '10.64.0.0/16' });
  for (const network of ['bridge', 'host'])
    t.throws(() => readConfig([], { PIERHEAD_DOCKER_NETWORK: network }), { message: /nothing but Pierhead itself/ });
  for (const range of ['10.0.0.0/27', '10.0.0.0', 'fd00::/64', '10.0.0.0/2'])
    t.throws(() => readConfig([], { PIERHEAD_DOCKER_SUBNETS: range }), { message: /a range of IPv4 addresses/ });
});
