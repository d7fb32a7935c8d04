import type { BuildOptions } from './build-image.js';
import type { Engine } from './connect-engine.js';
import { instructionsOf, readDockerfile } from './dockerfile.js';
import { type ImageFacts, inspectImage } from './images.js';
import { askRegistry } from './pull-image.js';
import { isReference, parseReference, sameRepository } from './reference.js';

const fromLine = /^FROM(?: --platform=\$\{?(?:BUILD|TARGET)PLATFORM\}?)? (\S+)(?: AS (\S+))?$/i;
const copiedFrom = /^COPY(?: --\S+)*? --from=(\S+)/i;
const mountedFrom = /^RUN(?: --\S+)*? --mount=\S*\bfrom=([^,\s]+)/i;
/** From an address, which a variable may hold; what `ONBUILD` does shows later. */
const fetches = /^(?:ONBUILD |ADD .*(?:\$|:\/\/|@))/i;
/** Read in one way here, and perhaps in another by the engine. */
const doubtful = /(?:\\\\|``)[ \t\r]*$|<<</m;
const variable = /\$(?:(\w+)|\{(\w+)(?::-([^}$]*))?\})/g;

type Built = Pick<BuildOptions, 'source' | 'dockerfile' | 'buildArgs' | 'platform' | 'signal'>;

const askLimitMs = 5_000;

/**
 * What a build's base images are now, each told apart from what it was before, and with its name: `name@sha256:…`. Null
 * where that cannot be told.
 */
export async function baseImageIds(engine: Engine, build: Built): Promise<string[] | null> {
  if (build.platform) return null;
  const { text } = await readDockerfile(build.source, build.dockerfile);
  const images = baseImagesOf(text, build.buildArgs ?? {});
  if (!images?.every(isReference)) return null;
  const signal = AbortSignal.any([build.signal, AbortSignal.timeout(askLimitMs)]);
  const found = await Promise.all(images.map((image) => identify(engine, image, signal)));
  return found.every((each) => each.length > 0) ? found.flat() : null;
}

/**
 * Some engines build on the image that they have, others ask its image registry first, and BuildKit may keep it where
 * the engine does not show it: both count. An image that was made in this engine is not asked for elsewhere. Nothing
 * where neither has it.
 */
async function identify(engine: Engine, image: string, signal: AbortSignal): Promise<string[]> {
  const { name, tag, digest } = parseReference(image);
  if (digest) return [image];
  const named = `${name}:${tag ?? 'latest'}`;
  const local = await inspectImage(engine, image, signal);
  if (local && local.pinned.length === 0) return [`${named}@${local.id}`];
  const remote = await askRegistry(engine, named, signal).catch(() => null);
  const digests = [local && digestIn(local, name), remote].filter((each) => each !== null);
  // The id as well: images for several platforms have one digest.
  return [...(local ? [local.id] : []), ...new Set(digests.map((each) => `${named}@${each}`))];
}

/** The digest that an image has in its repository, or its id. */
const digestIn = ({ id, pinned }: ImageFacts, name: string) =>
  pinned.map((each) => each.split('@')).find(([repository = '']) => sameRepository(repository, name))?.[1] ?? id;

/**
 * The images that a Dockerfile builds on or copies from, apart from its own stages; null where they cannot be told, or
 * where it takes in something else from outside.
 * @param args the build arguments: they may choose an image
 */
export function baseImagesOf(text: string, args: Readonly<Record<string, string>>): string[] | null {
  if (doubtful.test(text)) return null;
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
  return full.split(/\bfrom=/i).length > 2 ? null : (mountedFrom.exec(full)?.[1] ?? '');
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
