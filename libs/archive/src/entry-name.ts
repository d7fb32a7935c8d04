import type { ArchiveLimits } from './limits.js';
import { tooLarge, unsafe } from './refusal.js';

const controls = /[\u0000-\u001f\u007f-\u009f]/;
const maxSegmentBytes = 255;

/** The entry's path relative to the archive's root ('' for the root itself), or a refusal. */
export function checkName(name: string, limits: ArchiveLimits): string {
  if (name === '') throw unsafe(name, 'has no name');
  if (name.length > limits.nameLength) throw tooLarge(`has a name of more than ${limits.nameLength} characters`);
  if (controls.test(name)) throw unsafe(name, 'has a control character in its name');
  if (name.includes('\\')) throw unsafe(name, 'has a backslash in its name');
  if (name.startsWith('/')) throw unsafe(name, 'has an absolute name');
  const segments = name.split('/').filter((each) => each !== '' && each !== '.');
  if (segments.includes('..')) throw unsafe(name, 'climbs out of its folder with ..');
  if (segments.length - 1 > limits.depth) throw tooLarge(`nests folders more than ${limits.depth} deep`);
  if (segments.some((each) => Buffer.byteLength(each) > maxSegmentBytes))
    throw unsafe(name, `has a part of more than ${maxSegmentBytes} bytes in its name`);
  return segments.join('/');
}

/** Refuses link targets that no tree can hold; whether the target stays inside is known only at the end. */
export function checkTarget(name: string, target: string, limits: ArchiveLimits): void {
  if (target === '') throw unsafe(name, 'is a link to nothing');
  if (target.length > limits.nameLength) throw unsafe(name, 'is a link with an overlong target');
  if (controls.test(target) || target.includes('\\')) throw unsafe(name, 'is a link with a forbidden character');
  if (target.startsWith('/')) throw unsafe(name, 'is a link to an absolute path');
}
