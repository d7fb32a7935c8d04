import { randomBytes } from 'node:crypto';
import { createSecrets, isSealed } from '@pierhead/database';
import t from 'tap';
import { mask, movesHost, sealConfig, sealVariables, unmask } from './service-secrets.js';

const stored = {
  url: 'https://a.example/app.git',
  token: { $sealed: 'x' },
  nested: { key: { $sealed: 'y' } },
  flag: 1,
};
const open = ({ $sealed }: { $sealed: string }) => `open ${$sealed}`;

t.test('a mask brings back the secret that is stored in its place', async (t) => {
  t.same(unmask(mask(stored), stored, open), {
    value: { ...stored, token: 'open x', nested: { key: 'open y' } },
    kept: ['/token', '/nested/key'],
  });
});

t.test('a map of secrets is sealed value by value, and shows its names', async (t) => {
  const secrets = createSecrets(randomBytes(32).toString('base64'));
  const config = { plain: { 'tokens.a': 'x' }, tokens: { 'a.b': 'hush', constructor: 'hush too' } };
  const sealed = sealConfig(config, ['tokens'], secrets, 'owner');
  t.same(mask(sealed), { ...config, tokens: { 'a.b': { secret: true }, constructor: { secret: true } } });
  t.ok(isSealed((sealed.tokens as Record<string, unknown>)['a.b']));
  t.same(secrets.open(sealed, 'owner'), config);
});

t.test('a variable that is kept is sealed with the key in use; one that does not open stays as it is', async (t) => {
  const [old, own, lost] = [0, 1, 2].map(() => randomBytes(32).toString('base64'));
  const [before, stranger] = [createSecrets(old!).seal('hush', 'owner'), createSecrets(lost!).seal('lost', 'owner')];
  const kept = { secret: true } as const;
  const stored = { KEPT: before, LOST: stranger };
  const { variables } = sealVariables({ KEPT: kept, LOST: kept }, stored, createSecrets(own!, [old!]), 'owner');
  t.equal(createSecrets(own!).open<unknown>(variables.KEPT, 'owner'), 'hush');
  t.same(variables.LOST, stranger);
});

t.test('what looks like a mask where no secret is stored is a value like any other', async (t) => {
  for (const sent of [{ secret: true }, { flag: { secret: true } }, { other: { secret: true } }])
    t.same(unmask(sent, stored, open), { value: sent, kept: [] });
});

t.test("a user's own value is never taken for a sealed secret", async (t) => {
  const own = { sealed: 'hello', deep: [{ sealed: 'x' }], only: { sealed: 'y' } };
  t.same(mask(own), own);
  t.same(mask({ only: { sealed: 'y' } }), { only: { sealed: 'y' } });
});

t.test('a URL that names another host, port or scheme is noticed, another path is not', async (t) => {
  const { url: _, ...without } = stored;
  for (const url of ['https://b.example/app.git', 'https://a.example:8443/app.git', 'http://a.example/app.git', 'x', 5])
    t.ok(movesHost({ ...stored, url }, stored), String(url));
  t.ok(movesHost(without, stored));
  t.notOk(movesHost({ ...stored, url: 'https://a.example/other.git' }, stored));
  t.notOk(movesHost({ ...stored, flag: 2 }, stored));
});
