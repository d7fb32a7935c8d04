import { callEngine } from './call-engine.js';
import type { Engine } from './connect-engine.js';

interface Platforms {
  /** Such as `linux/arm64`. */
  image: string;
  engine: string;
}

/** What an engine says when it cannot execute a program: it is for another processor, or a script without `#!`. */
export const cannotExecute = /exec format error/;

/** What an image is for and what the engine is, where these differ: it may run all the same, by emulation. */
export async function foreignPlatform(engine: Engine, image: string, signal?: AbortSignal): Promise<Platforms | null> {
  const [{ Os: imageOs, Architecture }, { Os, Arch }] = await Promise.all([
    callEngine<{ Os: string; Architecture: string }>(engine, { method: 'GET', path: `/images/${image}/json`, signal }),
    callEngine<{ Os: string; Arch: string }>(engine, { method: 'GET', path: '/version', signal }),
  ]);
  const found = { image: `${imageOs}/${Architecture}`, engine: `${Os}/${Arch}` };
  return found.image === found.engine ? null : found;
}
