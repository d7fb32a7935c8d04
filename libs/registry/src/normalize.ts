import type { Normalization } from '@pierhead/model';

/** A text as its field stores it; doing it again changes nothing. */
export function normalized(text: string, steps: readonly Normalization[]): string {
  const once = steps.reduce((current, step) => changes[step](current), text);
  return steps.includes('trim') && steps.includes('strip-trailing-slashes') ? strippedAtBothEnds(once) : once;
}

const changes: Record<Normalization, (text: string) => string> = {
  trim: (text) => text.trim(),
  'lower-case': (text) => text.toLowerCase(),
  'upper-case': (text) => text.toUpperCase(),
  'strip-trailing-slashes': (text) =>
    text.slice(
      0,
      endBefore(text, (character) => character === '/'),
    ),
};

/** Where spaces follow slashes, each step alone would uncover more work for the other. */
const strippedAtBothEnds = (text: string) =>
  text
    .slice(
      0,
      endBefore(text, (character) => character === '/' || character.trim() === ''),
    )
    .trimStart();

function endBefore(text: string, isDropped: (character: string) => boolean): number {
  let end = text.length;
  while (end > 0 && isDropped(text.charAt(end - 1))) end -= 1;
  return end;
}
