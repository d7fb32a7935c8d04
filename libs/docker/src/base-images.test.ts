// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles write their variables so
import t from 'tap';
import { baseImagesOf } from './base-images.js';

const cases: [string, string, Record<string, string>, string[] | null][] = [
  ['one', 'FROM busybox\nRUN echo FROM x\n', {}, ['busybox']],
  ['with flags and a stage', 'FROM --platform=$BUILDPLATFORM node:20 AS build\nFROM build\n', {}, ['node:20']],
  [
    'stages by name and number, in any case',
    'FROM a AS One\nFROM scratch\nCOPY --from=one / /\nCOPY --from=0 / /\n',
    {},
    ['a'],
  ],
  ['copied from', 'FROM a\nCOPY --chown=1 --from=ghcr.io/x/y:1 /f /\n', {}, ['a', 'ghcr.io/x/y:1']],
  ['mounted from', 'FROM a\nRUN --mount=type=bind,from=tools,target=/t make\n', {}, ['a', 'tools']],
  ['several mounts', 'FROM a\nRUN --mount=from=b,target=/b --mount=from=c,target=/c make\n', {}, null],
  ['a default', 'ARG TAG=20\nFROM node:${TAG}\n', {}, ['node:20']],
  ['an argument', 'ARG TAG=20\nFROM node:$TAG\n', { TAG: '22' }, ['node:22']],
  ['a default in place', 'ARG TAG\nFROM node:${TAG:-18}\n', {}, ['node:18']],
  ['a default of a default', 'ARG A="1" B=$A\nFROM x:$B\n', {}, ['x:1']],
  ['without a value', 'ARG TAG\nFROM node:$TAG\n', {}, null],
  ['an argument of a stage', 'FROM a\nARG TAG=1\nCOPY --from=x:$TAG / /\n', {}, null],
  ['what is not understood', 'ARG T=1\nFROM x:${T#v}\n', {}, null],
  ['from the web', 'FROM a\nADD https://example.com/x /x\n', {}, null],
  ['from Git', 'FROM a\nADD git@github.com:x/y.git /x\n', {}, null],
  ['an archive of its own', 'FROM a\nADD x.tar /x\n', {}, ['a']],
  [
    'continued lines, comments, here-documents',
    '# FROM no\nFROM \\\n  # hm\n  a \\\n AS x\nRUN <<E\nFROM b\nE\n',
    {},
    ['a'],
  ],
  ['from a variable, for all that is known', 'FROM a\nARG URL\nADD $URL /x\n', {}, null],
  ['from Git as anybody', 'FROM a\nADD deploy@host:x.git /x\n', {}, null],
  ['what is added when others build on it', 'FROM a\nONBUILD ADD https://example.com /x\n', {}, null],
  [
    'several mounts, one of them loud',
    'FROM a\nRUN --mount=from=b,target=/b --mount=FROM=c,target=/c make\n',
    {},
    null,
  ],
  ['a here-string', 'FROM a\nRUN cat <<<E\nADD https://example.com /x\nRUN cat <<E\nE\n', {}, null],
  ['an escaped escape', 'FROM a\nRUN echo \\\\\nCOPY --from=b / /\n', {}, null],
  ['for a platform of its own', 'FROM --platform=linux/arm64 a\n', {}, null],
  ['no sense', 'FROM\n', {}, null],
];

for (const [name, text, args, expected] of cases)
  t.test(`base images: ${name}`, async (t) => t.same(baseImagesOf(text, args), expected));
