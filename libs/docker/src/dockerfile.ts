import { readFile, stat } from 'node:fs/promises';
import { UserError } from '@pierhead/model';
import { findDockerfiles } from './find-dockerfiles.js';
import { resolveInside } from './resolve-inside.js';

/** One instruction with its first line, counted from 1. */
export interface Instruction {
  line: number;
  keyword: string;
  /** Its first line as written. */
  text: string;
  /** The whole, on one line. */
  full: string;
}

export interface Dockerfile {
  /** As the user named it, for messages. */
  path: string;
  text: string;
  /** What the user should know about the file before it is built. */
  notice: string | null;
}

const maxBytes = 1_048_576;
const directive = /^(#|\/\/)\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*$/;
const officialFrontend = /^(docker\.io\/)?docker\/dockerfile(:[0-9A-Za-z._-]+)?$/;
const heredoc = /<<-?\s*(["']?)([A-Za-z_]\w*)\1/g;

/** Reads a Dockerfile of the source and takes a `# syntax=` line out of force. */
export async function readDockerfile(source: string, path: string): Promise<Dockerfile> {
  const file = await resolveInside(source, path);
  const found = file === null ? null : await stat(file);
  if (!file || !found?.isFile()) throw await notFound(source, path);
  if (found.size > maxBytes) throw new UserError('dockerfile_too_large', `${path} is larger than 1 MiB`);
  return disarm(path, await readFile(file, 'utf8'));
}

async function notFound(source: string, path: string): Promise<UserError> {
  const found = await findDockerfiles(source);
  const hint = found.length
    ? `Set the Dockerfile path to ${found.join(' or ')}.`
    : 'Add a Dockerfile to the source, or choose a builder that needs none.';
  return new UserError('dockerfile_not_found', `There is no ${path} in the source`, { hint });
}

/**
 * A `# syntax=` line makes the engine run an image of the author's choice as the build's front end. The official
 * front end is what the engine has built in, so that line is blanked; any other is refused.
 */
export function disarm(path: string, text: string): Dockerfile {
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  const head = lines.slice(0, directivesEnd(lines));
  const syntax = head.flatMap((line, index) => (directiveOf(line)?.name === 'syntax' ? [index] : []));
  for (const at of syntax) {
    const line = lines[at] as string;
    if (!officialFrontend.test(directiveOf(line)?.value ?? '')) throw syntaxRefused(path, at + 1, line.trim());
    lines[at] = '#';
  }
  refuseJson(path, lines);
  const notice = syntax.length ? `${path}:${(syntax[0] ?? 0) + 1}: the engine's own Dockerfile syntax is used` : null;
  return { path, text: lines.join('\n'), notice };
}

/** Newer engines also take the front end from a Dockerfile that begins as JSON. */
function refuseJson(path: string, lines: string[]): void {
  const at = lines.findIndex((line) => line.trim() !== '' && !line.startsWith('#'));
  const first = lines[at] ?? '';
  if (first.trimStart().startsWith('{')) throw syntaxRefused(path, at + 1, first.trim());
}

const syntaxRefused = (path: string, line: number, text: string) =>
  new UserError('dockerfile_syntax_directive', `${path} asks for its own build front end, which is not allowed`, {
    line: `${path}:${line}: ${text.slice(0, 200)}`,
    hint: 'Remove the syntax line; the engine reads Dockerfiles by itself.',
  });

function directiveOf(line: string): { name: string; value: string } | null {
  const match = directive.exec(line.trim());
  return match ? { name: (match[2] as string).toLowerCase(), value: match[3] as string } : null;
}

/** Directives stand in the comments before everything else; a first line `#!` may precede them. */
function directivesEnd(lines: string[]): number {
  const end = lines.findIndex((line) => line.trim() !== '' && !/^\s*(#|\/\/)/.test(line));
  return end < 0 ? lines.length : end;
}

/** The instructions with their lines; continuations, comments and here-documents are followed. */
export function instructionsOf(text: string): Instruction[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const escapeWith = /^#\s*escape\s*=\s*`/im.test(lines.slice(0, directivesEnd(lines)).join('\n')) ? '`' : '\\';
  const instructions: Instruction[] = [];
  for (let at = 0; at < lines.length; ) {
    const first = lines[at] as string;
    if (isBlankOrComment(first)) {
      at++;
      continue;
    }
    const { full, next } = joinLines(lines, at, escapeWith);
    const keyword = (full.split(/\s/, 1)[0] ?? '').toUpperCase();
    instructions.push({ line: at + 1, keyword, text: first.trim(), full });
    at = skipHeredocs(lines, next, keyword, full);
  }
  return instructions;
}

function joinLines(lines: string[], start: number, escapeWith: string): { full: string; next: number } {
  const parts: string[] = [];
  let at = start;
  for (; at < lines.length; at++) {
    const line = lines[at] as string;
    if (at > start && isBlankOrComment(line)) continue;
    const continues = line.trimEnd().endsWith(escapeWith);
    parts.push(continues ? line.trimEnd().slice(0, -1) : line);
    if (!continues) break;
  }
  return { full: parts.join(' ').replace(/\s+/g, ' ').trim(), next: at + 1 };
}

function skipHeredocs(lines: string[], start: number, keyword: string, full: string): number {
  if (!['RUN', 'COPY', 'ADD'].includes(keyword)) return start;
  let at = start;
  for (const match of full.matchAll(heredoc)) {
    const end = lines.findIndex((line, index) => index >= at && line.trim() === match[2]);
    if (end >= 0) at = end + 1;
  }
  return at;
}

const isBlankOrComment = (line: string) => /^\s*(#|$)/.test(line);
