import type { Client, KeyRotation } from '@pierhead/client';
import { Command } from 'commander';
import t from 'tap';
import { addKeys } from './keys.js';

const answer = (more: Partial<KeyRotation>): KeyRotation => ({
  ...{ keyId: 'aaaaaaaa', sealed: 2, resealed: 0, unknown: [], nextCursor: null },
  ...more,
});
const lost = { serviceId: '0197', keyId: 'bbbbbbbb', secrets: 1 };

/** Runs `keys rotate` against an API that answers so, again and again the last one. */
async function run(...answers: KeyRotation[]) {
  const asked: unknown[] = [];
  const POST = async (_path: string, { body }: { body: unknown }) => {
    asked.push(body);
    return { data: answers[Math.min(asked.length, answers.length) - 1] };
  };
  let shown = { answer: {} as unknown, text: '' };
  const show = (answer: unknown, text: () => string) => {
    shown = { answer, text: text() };
  };
  const program = new Command();
  addKeys(program, async () => ({ client: { POST } as unknown as Client, json: false, show }));
  await program.parseAsync(['node', 'pierhead', 'keys', 'rotate']);
  return { asked, ...shown };
}

t.test('it goes on where an answer ended, until a whole round has found nothing to do', async (t) => {
  const first = answer({ resealed: 2, unknown: [lost], nextCursor: 'here' });
  const second = answer({ resealed: 1, unknown: [lost] });
  const last = answer({ sealed: 4 });
  const { asked, answer: told, text } = await run(first, second, last);
  t.same(asked, [{}, { cursor: 'here' }, {}]);
  t.same(told, { keyId: 'aaaaaaaa', sealed: 4, resealed: 3, unknown: [] });
  t.match(text, /^sealed anew +3$/m);
  t.match(text, /aaaaaaaa as PIERHEAD_SECRET_KEY, those can be removed/);
  t.notMatch(text, /bbbbbbbb/, 'what the first round has left the last one did not find');
});

t.test('what is left is named with its key', async (t) => {
  const { text, answer: told } = await run(answer({ unknown: [lost], nextCursor: 'x' }), answer({ unknown: [lost] }));
  t.match(told, { unknown: [{ ...lost, secrets: 2 }] });
  t.match(text, /^left +2$/m);
  t.match(text, /^0197 +bbbbbbbb +2$/m);
  t.match(text, /What is left was sealed with keys that the api does not have/);
});

t.test('while somebody seals with an old key it does not say that this can be removed', async (t) => {
  await t.rejects(run(answer({ resealed: 1 })), { code: 'keys_in_use', hint: /Give every api the new key/ });
});
