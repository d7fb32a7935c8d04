import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const mostFiles = 30;
const limitMs = 2_000;

/** Where an import failed, as ` (at file:line)`; empty where it cannot be found. `entry` is the plugin's first module. */
export function placeOf(error: unknown, entry: string): string {
  try {
    const { stack = '', message } = error as Error;
    const isSyntax = error instanceof SyntaxError;
    const place = markedIn(stack) ?? (isSyntax ? searched(message, entry) : (missing(message) ?? frameIn(stack)));
    return place ? ` (at ${place})` : '';
  } catch {
    return '';
  }
}

/** Above the message, where Node has marked the place in the code. */
const markedIn = (stack: string) => /^(?:file:\/\/)?(\/.+:\d+)$/m.exec(stack)?.[1];

/** Where code ran last, unless that was ours. */
function frameIn(stack: string): string | undefined {
  const place = /^ +at (?:.+ \()?(?:file:\/\/)?(\/[^()]+:\d+):\d+\)?$/m.exec(stack)?.[1];
  return place?.startsWith(`${fileURLToPath(import.meta.url)}:`) ? undefined : place;
}

/** `Cannot find module '/plugin/gone.js' imported from /plugin/index.js` */
function missing(message: string): string | undefined {
  const [, wanted, file] = /^Cannot find \w+ '(.+)' imported from (\/.+)$/m.exec(message) ?? [];
  return file && wanted && at(file, readFileSync(file, 'utf8').indexOf(wanted.split('/').at(-1)!));
}

/** Node says neither which module cannot be parsed nor which one imports what another does not export. */
function searched(message: string, entry: string): string | undefined {
  const [, module, name] = /^The requested module '(.+)' does not provide an export named '(.+)'$/m.exec(message) ?? [];
  for (const file of filesFrom(entry)) {
    const place = module && name ? importing(file, module, name) : unparsable(file, message);
    if (place) return place;
  }
  return undefined;
}

function importing(file: string, module: string, name: string): string | undefined {
  for (const statement of readFileSync(file, 'utf8').matchAll(/\b(?:import|export)\b[^'"]*\bfrom\s*['"]([^'"]+)['"]/g))
    if (statement[1] === module && (name === 'default' || statement[0].includes(name)))
      return at(file, statement.index + Math.max(0, statement[0].indexOf(name)));
  return undefined;
}

/** Asks Node to look at the file without running it. */
function unparsable(file: string, message: string): string | undefined {
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout: limitMs });
  return stderr.includes(message) ? markedIn(stderr) : undefined;
}

/** The plugin's own files that import each other, statically or not, for as long as there is time. */
function* filesFrom(entry: string): Generator<string> {
  const until = performance.now() + limitMs;
  const urls = new Set([entry]);
  for (const url of urls) {
    if (performance.now() > until) return;
    const file = fileURLToPath(url);
    yield file;
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/\b(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g))
      if (path && urls.size < mostFiles) urls.add(new URL(path, url).href);
  }
}

function at(file: string, index: number): string {
  return index < 0 ? file : `${file}:${readFileSync(file, 'utf8').slice(0, index).split('\n').length}`;
}
