import { UserError, WorldError } from '@pierhead/model';
import t from 'tap';
import { checkUrl, type Lookup } from './check-url.js';

const at =
  (...addresses: string[]): Lookup =>
  async () =>
    addresses.map((address) => ({ address }));
const failing =
  (code: string): Lookup =>
  () =>
    Promise.reject(Object.assign(new Error(code), { code }));

const loopback = ['127.0.0.0/8'];
const codeOf = async (raw: string, allow: readonly string[] = [], lookup: Lookup = at('93.184.215.14')) => {
  const error = await checkUrl(raw, { allow, lookup }).then(
    () => null,
    (error: unknown) => error,
  );
  return error instanceof UserError || error instanceof WorldError ? error.code : error;
};

t.test('answers what to connect to', async (t) => {
  const lookup = at('93.184.215.14', '2606:4700::1111');
  const checked = await checkUrl('https://Example.com:443/a/b.git?x=1', { allow: [], lookup });
  t.equal(checked.url.href, 'https://example.com/a/b.git?x=1');
  t.match(checked, { host: 'example.com', port: 443, addresses: ['93.184.215.14', '2606:4700::1111'] });
  const literal = await checkUrl('https://[2606:4700::1111]:8443/', { allow: [] });
  t.match(literal, { host: '2606:4700::1111', port: 8443, addresses: ['2606:4700::1111'] });
});

t.test('resolves the name once', async (t) => {
  let calls = 0;
  const lookup: Lookup = async () => [{ address: calls++ === 0 ? '93.184.215.14' : '127.0.0.1' }];
  await checkUrl('https://example.com/', { allow: [], lookup });
  t.equal(calls, 1);
});

t.test('plain http reaches allowed networks only', async (t) => {
  t.equal(await codeOf('http://example.com/'), 'url_scheme_refused');
  t.equal(await codeOf('http://127.0.0.1:3000/', loopback), null);
  t.equal(await codeOf('http://10.0.0.1/', loopback), 'address_refused');
  t.equal(await codeOf('http://mixed.test/', loopback, at('127.0.0.1', '93.184.215.14')), 'url_scheme_refused');
});

t.test('other schemes are refused', async (t) => {
  for (const raw of [
    'ssh://git@host/x',
    'file:///etc/passwd',
    'git://host/x',
    'ftp://host/',
    'ext::sh -c id',
    'ext::id',
  ])
    t.match(await codeOf(raw, loopback), /^url_(invalid|scheme_refused)$/, raw);
});

t.test('what the parser would rewrite is refused', async (t) => {
  const written = [
    'https://exa\tmple.com/',
    'https://example.com/\n',
    ' https://example.com/',
    'https:\\\\example.com\\',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://①②⑦.⓪.⓪.①/',
    'https://%31%32%37.0.0.1/',
    'https://[::ffff:127.0.0.1]/',
    'https://[0:0:0:0:0:0:0:1]/',
    'https://bücher.example/',
    'https:example.com/',
    'https:///example.com/',
    'https://example.com/a/../b',
    'https://example.com/a/%2e%2e/b',
    '',
    'example.com',
    '--upload-pack=x',
    `https://example.com/${'a'.repeat(2_000)}`,
  ];
  for (const raw of written) t.equal(await codeOf(raw, loopback), 'url_invalid', JSON.stringify(raw.slice(0, 60)));
});

t.test('credentials are refused', async (t) => {
  for (const raw of ['https://me@example.com/', 'https://me:pw@example.com/', 'https://@example.com/'])
    t.equal(await codeOf(raw), 'url_invalid', raw);
  t.equal(await codeOf('https://example.com/@scope/name'), null);
});

t.test('addresses inside private and reserved networks are refused', async (t) => {
  const addresses = [
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.9.9.9',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '192.0.0.192',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::7f00:1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fec0::1',
    'ff02::1',
  ];
  for (const address of addresses) {
    t.equal(await codeOf('https://name.test/', [], at(address)), 'address_refused', address);
    t.equal(await codeOf('https://name.test/', [], at('93.184.215.14', address)), 'address_refused', `${address} too`);
  }
});

t.test('an address literal is judged as a name is', async (t) => {
  for (const host of ['127.0.0.1', '169.254.169.254', '[::1]', '[::ffff:7f00:1]', '[fe80::1]'])
    t.equal(await codeOf(`https://${host}/`), 'address_refused', host);
});

t.test('an allowed network holds its own addresses and nothing else', async (t) => {
  t.equal(await codeOf('https://name.test/', ['10.0.0.0/8'], at('10.9.8.7')), null);
  t.equal(await codeOf('https://name.test/', ['10.0.0.0/8'], at('::ffff:10.9.8.7')), null);
  t.equal(await codeOf('https://name.test/', ['fd00::/8'], at('fd00::1')), null);
  t.equal(await codeOf('https://name.test/', ['10.0.0.0/8'], at('127.0.0.1')), 'address_refused');
  t.equal(await codeOf('https://name.test/', ['::/0'], at('10.0.0.1')), 'address_refused');
});

t.test('NAT64 to a public address is public', async (t) => {
  t.equal(await codeOf('https://name.test/', [], at('64:ff9b::808:808')), null);
});

t.test('a refusal names the setting that would allow it', async (t) => {
  await t.rejects(checkUrl('https://127.0.0.1/', { allow: [] }), {
    code: 'address_refused',
    hint: /PIERHEAD_EGRESS_ALLOW/,
  });
});

t.test('a name that does not exist is the user’s fault, a silent resolver is not', async (t) => {
  t.equal(await codeOf('https://nowhere.test/', [], failing('ENOTFOUND')), 'host_not_found');
  t.equal(await codeOf('https://nowhere.test/', [], at()), 'host_not_found');
  t.equal(await codeOf('https://nowhere.test/', [], failing('EAI_AGAIN')), 'host_lookup_failed');
  await t.rejects(checkUrl('https://nowhere.test/', { allow: [], lookup: failing('EAI_AGAIN') }), WorldError);
});
