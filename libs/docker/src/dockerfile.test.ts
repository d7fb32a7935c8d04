import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { disarm, instructionsOf, readDockerfile } from './dockerfile.js';
import { failingLine, fromLine } from './failing-line.js';

const file = (text: string) => ({ path: 'Dockerfile', text, notice: null });
const refused = (code: string, line?: string) => ({ name: 'UserError', code, ...(line ? { line } : {}) });

t.test('the official syntax line is blanked and keeps the line numbers', async (t) => {
  const read = disarm('Dockerfile', '# syntax=docker/dockerfile:1.7\nFROM busybox\n');
  t.equal(read.text, '#\nFROM busybox\n');
  t.match(read.notice, /Dockerfile:1/);
});

t.test('any other build front end is refused with its line', async (t) => {
  const attacks = [
    '# syntax=evil.example/frontend:latest\nFROM busybox',
    '#syntax = evil/x\nFROM busybox',
    '# escape=`\n# SYNTAX=evil/x\nFROM busybox',
    '#!/usr/bin/env x\n# syntax=evil/x\nFROM busybox',
    '\uFEFF# syntax=evil/x\nFROM busybox',
    '\n\n# syntax=evil/x\nFROM busybox',
    '// syntax=evil/x\nFROM busybox',
    '{"syntax": "evil/x"}',
    '# syntax=docker/dockerfile:1@sha256:0000\nFROM busybox',
    '# syntax=docker/dockerfile-evil\nFROM busybox',
    '# syntax=docker/dockerfile:1\n# syntax=evil/x\nFROM busybox',
  ];
  for (const attack of attacks)
    t.throws(() => disarm('Dockerfile', attack), refused('dockerfile_syntax_directive'), attack);
  t.equal(disarm('Dockerfile', 'FROM busybox\n# syntax=evil/x\n').notice, null, 'a later comment is only a comment');
});

t.test('a missing Dockerfile names those that are there', async (t) => {
  const source = t.testdir({ services: { web: { Dockerfile: 'FROM busybox' } }, 'Dockerfile.dev': 'FROM busybox' });
  await t.rejects(readDockerfile(source, 'Dockerfile'), {
    code: 'dockerfile_not_found',
    hint: /Dockerfile\.dev or services\/web\/Dockerfile/,
  });
  await t.rejects(readDockerfile(source, 'services'), refused('dockerfile_not_found'));
});

t.test('a Dockerfile outside the source is refused, however it is reached', async (t) => {
  const outside = t.testdir({
    secret: 'root:x:0:0',
    source: { Dockerfile: t.fixture('symlink', '../secret'), up: t.fixture('symlink', '..') },
  });
  const source = join(outside, 'source');
  for (const path of ['Dockerfile', 'up/secret', '../secret']) {
    await t.rejects(readDockerfile(source, path), refused('path_outside_source'), path);
  }
});

t.test('an oversized Dockerfile is refused', async (t) => {
  const source = t.testdir({});
  writeFileSync(join(source, 'Dockerfile'), Buffer.alloc(1_048_577, '#'));
  await t.rejects(readDockerfile(source, 'Dockerfile'), refused('dockerfile_too_large'));
});

t.test('instructions keep their lines through comments, continuations and here-documents', async (t) => {
  const text = '# c\nFROM a\n\nRUN one \\\n  # no\n  two\nCOPY <<EOF /x\nRUN not\nEOF\nRUN last';
  t.same(
    instructionsOf(text).map(({ line, keyword }) => [line, keyword]),
    [
      [2, 'FROM'],
      [4, 'RUN'],
      [7, 'COPY'],
      [10, 'RUN'],
    ],
  );
});

t.test('a failed step leads to its line', async (t) => {
  const one = file('FROM busybox\nENV A=1\nRUN exit 7\n');
  t.equal(failingLine(one, '[2/2] RUN exit 7'), 'Dockerfile:3: RUN exit 7');
  const many = file('FROM a AS base\nRUN x\nFROM base\nRUN x\nFROM scratch\nCOPY --from=base /a /\n');
  t.equal(failingLine(many, '[base 2/2] RUN x'), 'Dockerfile:2: RUN x');
  t.equal(failingLine(many, '[stage-1 1/1] RUN x'), 'Dockerfile:4: RUN x');
  t.equal(failingLine(many, '[linux/arm64 stage-2 1/1] COPY --from=base /a /'), 'Dockerfile:6: COPY --from=base /a /');
  t.equal(failingLine(many, 'exporting to image'), undefined);
  t.equal(fromLine(file('ARG V\nFROM nope:1\n'), 'docker.io/library/nope:1'), 'Dockerfile:2: FROM nope:1');
});
