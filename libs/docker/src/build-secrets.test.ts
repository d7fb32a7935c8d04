import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { dockerMissing, ensureBaseImages, removeTestImages, testEngine } from '@pierhead/testing';
import t, { type Test } from 'tap';
import { type BuildOptions, buildImage } from './build-image.js';
import { openStream } from './call-engine.js';

t.setTimeout(180_000);
const skip = await dockerMissing();
if (!skip) await ensureBaseImages();
const engine = testEngine();
const made: string[] = [];
t.teardown(() => removeTestImages(made));

/** A step that runs in any case: the engine's cache does not look at the values of secrets. */
const mount = (id: string, more = '') => `RUN --mount=type=secret,id=${id}${more} : ${randomUUID()};`;

async function build(t: Test, Dockerfile: string, extra: Partial<BuildOptions> = {}) {
  const lines: string[] = [];
  const signal = AbortSignal.timeout(60_000);
  const onOutput = (text: string) => lines.push(text);
  const source = t.testdir({ Dockerfile });
  const options = { source, context: '.', dockerfile: 'Dockerfile', signal, onOutput, ...extra };
  const image = await buildImage(engine, options).catch((error) => {
    throw Object.assign(error, { output: lines.join('\n') });
  });
  made.push(image.digest);
  return { ...image, output: lines.join('\n') };
}

t.test('a step with the mount reads the secret byte for byte, also after seconds', { skip }, async (t) => {
  const secrets = { npm: `pa$$word "'=\\n\n✓ ${randomUUID()}\n`, 'a.b-c': randomBytes(20_000).toString('base64') };
  const Dockerfile = `FROM busybox
${mount('npm')} sha256sum < /run/secrets/npm && sleep 3
${mount('a.b-c', ',target=/tmp/key,mode=0400,required=true')} sha256sum < /tmp/key && ls -l /tmp/key
RUN ls /run/secrets /tmp/key || true
`;
  const { output } = await build(t, Dockerfile, { secrets });
  for (const value of Object.values(secrets))
    t.match(output, createHash('sha256').update(value).digest('hex'), 'as it was given');
  t.match(output, /-r-------- .* \/tmp\/key/);
  t.match(output, /No such file or directory/, 'other steps have none');
});

t.test('a secret is in no layer, config or history, and stars stand for it in the output', { skip }, async (t) => {
  const token = `hush-${randomUUID()}`;
  const Dockerfile = `FROM busybox
ENV FOO=bar
${mount('token')} s=$(cat /run/secrets/token); echo "a $s b" >&2; echo -n "$s" | base64; echo "$s" | cut -c1-9; \\
  sleep 1; echo "$s" | cut -c10-; printf "%s" "$s" | sed 's/-/%2D/g'; echo; echo "$s" > /dev/null
CMD ["true"]
`;
  const { digest, output } = await build(t, Dockerfile, { secrets: { token } });
  t.match(output, /#\d a \*\*\* b/);
  t.equal(output.match(/^#\d \*\*\*$/gm)?.length, 2, 'in base64, and in two pieces');
  const encoded = Buffer.from(token).toString('base64');
  for (const hidden of [token, token.slice(0, 9), encoded]) t.notMatch(output, hidden);
  const paths = [`/images/${digest}/json`, `/images/${digest}/history`, `/images/${digest}/get`];
  for (const path of paths) {
    const bytes = await openStream(engine, { method: 'GET', path }).then((stream) => stream.toArray());
    t.notOk(Buffer.concat(bytes).includes(token), path);
  }
});

t.test('a failing step shows no secret, and neither does its error', { skip }, async (t) => {
  const token = `hush-${randomUUID()}`;
  const failing = build(t, `FROM busybox\n${mount('token')} cat /run/secrets/token; exit 3\n`, { secrets: { token } });
  const error = await failing.then(t.fail, (thrown) => thrown);
  t.match(error, { code: 'build_step_failed', output: /#\d \*\*\*/ });
  t.notMatch(JSON.stringify([error, error.message, error.output]), token);
});

t.test('a secret that the Dockerfile asks for and nobody gave is named', { skip }, async (t) => {
  const Dockerfile = `FROM busybox\n${mount('absent', ',required=true')} true\n`;
  for (const secrets of [undefined, { other: 'value' }])
    await t.rejects(build(t, Dockerfile, { secrets }), {
      code: 'build_secret_missing',
      message: /absent/,
      line: /^Dockerfile:2: RUN/,
      hint: /secrets/,
    });
  const { output } = await build(t, Dockerfile.replace(',required=true', ''), { secrets: { other: 'value' } });
  t.match(output, /Dockerfile:2.*absent/, 'one that is not required is missing with a word');
});

t.test('what is too large is refused before anything runs', { skip }, async (t) => {
  const secrets = { a: 'x'.repeat(40_000), b: 'y'.repeat(40_000) };
  await t.rejects(build(t, 'FROM busybox\n', { secrets }), { code: 'build_secrets_too_large' });
});

t.test('an abort closes the session with the build', { skip }, async (t) => {
  const stopping = new AbortController();
  const onOutput = (text: string) => {
    if (/^#\d begun$/m.test(text)) stopping.abort();
  };
  const Dockerfile = `FROM busybox\n${mount('a')} echo begun; sleep 600\n`;
  await t.rejects(build(t, Dockerfile, { secrets: { a: 'value' }, signal: stopping.signal, onOutput }), {
    name: 'AbortError',
  });
});
