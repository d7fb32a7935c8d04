import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { maskSecrets } from './mask-secrets.js';

const secret = 'hünter2/"? +a\\b';
const key = ['-----BEGIN KEY-----', ...Array.from({ length: 40 }, () => randomBytes(48).toString('base64')), 'end'];

/** The text in pieces of these sizes, over and over. */
function inPieces(text: string, sizes: readonly number[], secrets: readonly string[]): string {
  const masked = maskSecrets(secrets).open();
  let told = '';
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    told += masked.write(text.slice(at, at + size));
    at += size;
  }
  return told + masked.end();
}

t.test('a secret is masked however it is written', async (t) => {
  const { mask } = maskSecrets([secret, 'short', 'abc']);
  const base64 = (before: string) => Buffer.from(`${before}${secret}:after`).toString('base64');
  for (const written of [
    secret,
    encodeURIComponent(secret),
    encodeURIComponent(secret).toLowerCase(),
    new URLSearchParams({ a: secret }).toString().slice(2),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
  ])
    t.equal(mask(`one ${written} two ${written}`), 'one *** two ***', written);
  for (const before of ['', 'u', 'us', 'use']) {
    t.match(mask(base64(before)), /^[A-Za-z0-9+/]{0,6}\*\*\*[A-Za-z0-9+/=]+$/, before);
    t.notMatch(mask(base64(before)), base64(before).slice(8, 16));
  }
  t.equal(mask('abc is too short, short is not'), 'abc is too ***, *** is not');
});

t.test('line breaks do not hide a secret, and a long one is masked by its lines too', async (t) => {
  const { mask } = maskSecrets([key.join('\n'), secret]);
  t.equal(mask(`a\nhünter\r\n2/"? \n+a\\b\nz\n`), 'a\n***\nz\n');
  t.equal(mask(`<${key.join('\n')}>`), '<***>');
  t.equal(mask(`<${key.join('')}>`), '<***>');
  t.equal(mask(`line ${key[7]} of it`), 'line *** of it');
  const wrapped = Buffer.from(`user:${key.join('\n')}`)
    .toString('base64')
    .replaceAll(/(.{76})/g, '$1\n');
  t.match(mask(`${wrapped}\nafter`), /^.{0,8}(?:\*\*\*.{0,4})+=*\nafter$/);
});

t.test('what is no secret arrives at once, and only what may be one waits', async (t) => {
  const masked = maskSecrets(['secret value']).open();
  t.equal(masked.write('progress 10 %\n'), 'progress 10 %\n');
  t.equal(masked.write('the se'), 'the ');
  t.equal(masked.write('x\nsecret '), 'sex\n');
  t.equal(masked.write('value'), '***');
  t.equal(masked.write(' secret'), ' ');
  t.equal(masked.end(), 'secret');
  t.equal(maskSecrets([]).mask(secret), secret);
});

t.test('secrets that overlap, or hold each other, are masked as one', async (t) => {
  const { mask } = maskSecrets(['abcdef', 'defghi', 'abcdefgh', 'cdef']);
  t.equal(mask('_abcdefghi_cdefabcdef_abcde_'), '_***_******_abcde_');
});

t.test('any cut gives the same, and nothing of a secret is left', async () => {
  const word = fc.string({ unit: 'binary', minLength: 6, maxLength: 40 }).filter((text) => text.trim().length >= 6);
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(word, fc.array(fc.string({ maxLength: 12 }), { maxLength: 6 }), sizes, (secret, around, sizes) => {
      const text = around.join(secret);
      const told = inPieces(text, sizes, [secret]);
      return told === maskSecrets([secret]).mask(text) && !told.includes(secret.trim());
    }),
  );
});

t.test('a chatty text is masked in little time, also where it keeps beginning like a secret', async (t) => {
  const secrets = [...key, key.join('\n'), `${'a'.repeat(4_000)}b`];
  const begun = performance.now();
  inPieces(`${'a'.repeat(1_000_000)}${'an ordinary line of a build\n'.repeat(40_000)}`, [1_000], secrets);
  const took = performance.now() - begun;
  t.ok(took < 5_000, `${Math.round(took)} ms`);
});

t.test('JSON has several spellings', async (t) => {
  const { mask } = maskSecrets(['a/b/c+d1', 'pässword1', 'tok<en>&x']);
  const written = ['a\\/b\\/c+d1', 'p\\u00e4ssword1', 'tok\\u003cen\\u003e\\u0026x'];
  for (const text of written) t.equal(mask(`"${text}"`), '"***"', text);
});

t.test('long secrets are found as they are, in bounded time; too many of them let nothing through', async (t) => {
  const odd = 'éü"<>&%+/\\ '.repeat(6_000);
  const started = performance.now();
  const { mask } = maskSecrets([odd, ...Array.from({ length: 100 }, () => randomBytes(200).toString('hex'))]);
  t.match(mask(`it is ${odd.slice(0, 1_024)}!`), /^it is ?\*{3}!$/);
  t.ok(performance.now() - started < 5_000);
  const many = maskSecrets(Array.from({ length: 20 }, (_, index) => `${index} ${odd}`));
  t.equal(many.mask('hello'), '***');
  const open = many.open();
  t.same([open.write('hello'), open.end()], ['', '***']);
});
