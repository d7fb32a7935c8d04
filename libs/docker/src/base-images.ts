import type { BuildOptions } from './build-image.js';
import type { Engine } from './connect-engine.js';
import { instructionsOf, readDockerfile } from './dockerfile.js';
import { inspectImage } from './images.js';
import { isReference } from './reference.js';

const fromLine = /^FROM(?: --\S+)* (\S+)(?: AS (\S+))?$/i;
const copiedFrom = /^COPY(?: --\S+)*? --from=(\S+)/i;
const mountedFrom = /^RUN(?: --\S+)*? --mount=\S*\bfrom=([^,\s]+)/i;
const fetches = /^ADD .*(?:\b[a-z]+:\/\/|\bgit@)/i;
const variable = /\$(?:(\w+)|\{(\w+)(?::-([^}$]*))?\})/g;

type Built = Pick<BuildOptions, 'source' | 'dockerfile' | 'buildArgs' | 'signal'>;

/** The ids of a build's base images; null where one is not in the engine yet, or they cannot be told. */
export async function baseImageIds(engine: Engine, build: Built): Promise<string[] | null> {
  const { text } = await readDockerfile(build.source, build.dockerfile);
  const images = baseImagesOf(text, build.buildArgs ?? {});
  if (!images?.every(isReference)) return null;
  const found = await Promise.all(images.map((image) => inspectImage(engine, image, build.signal)));
  return found.every((each) => each !== null) ? found.map(({ id }) => id) : null;
}

/**
 * The images that a Dockerfile builds on or copies from, apart from its own stages; null where they cannot be told, or
 * where it takes in something else from outside.
 * @param args the build arguments: they may choose an image
 */
export function baseImagesOf(text: string, args: Readonly<Record<string, string>>): string[] | null {
  const values = new Map<string, string>();
  const stages: string[] = [];
  const images = new Set<string>();
  for (const { keyword, full } of instructionsOf(text)) {
    if (keyword === 'ARG' && stages.length === 0) declare(full, args, values);
    if (fetches.test(full)) return null;
    const named = imageIn(keyword, full);
    if (named === null) return null;
    const image = named && substitute(named, values);
    if (image === null) return null;
    if (image && image !== 'scratch' && !isStage(image, stages)) images.add(image);
    if (keyword === 'FROM') stages.push(fromLine.exec(full)?.[2]?.toLowerCase() ?? '');
  }
  return [...images];
}

/** Empty for an instruction that names none. */
function imageIn(keyword: string, full: string): string | null {
  if (keyword === 'FROM') return fromLine.exec(full)?.[1] ?? null;
  if (keyword === 'COPY') return copiedFrom.exec(full)?.[1] ?? '';
  if (keyword !== 'RUN') return '';
  // One mount is understood, several are not worth it.
  return full.split(/\bfrom=/).length > 2 ? null : (mountedFrom.exec(full)?.[1] ?? '');
}

const isStage = (name: string, stages: readonly string[]) =>
  stages.includes(name.toLowerCase()) || (/^\d+$/.test(name) && Number(name) < stages.length);

/** `ARG name=value` before the first stage: what lines with FROM may use. */
function declare(full: string, args: Readonly<Record<string, string>>, values: Map<string, string>): void {
  for (const [, name = '', value = ''] of full.matchAll(/(?<= )(\w+)(?:=("[^"]*"|'[^']*'|\S*))?/g)) {
    const given = args[name] ?? substitute(value.replace(/^(["'])(.*)\1$/, '$2'), values);
    if (given !== null) values.set(name, given);
  }
}

/** With its variables replaced; null where one has no value, or is written in a way that is not understood. */
function substitute(text: string, values: ReadonlyMap<string, string>): string | null {
  let known = true;
  const full = text.replace(variable, (_, plain?: string, braced?: string, otherwise?: string) => {
    const value = values.get(plain ?? braced ?? '') || otherwise;
    known &&= value !== undefined && value !== '';
    return value ?? '';
  });
  return known && !full.includes('$') ? full : null;
}
