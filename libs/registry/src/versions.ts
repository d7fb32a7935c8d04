import { prerelease, rcompare, valid } from 'semver';

/** Newest first; every release stands before the prereleases, so that the first is the current one. */
export function newestFirst(versions: Iterable<string>): string[] {
  const sorted = [...versions].sort(rcompare);
  const isRelease = (version: string) => prerelease(version) === null;
  return [...sorted.filter(isRelease), ...sorted.filter((version) => !isRelease(version))];
}

/** True for `1.2.3` and `1.2.3-beta.1`; build metadata would give one version two names. */
export const isVersion = (text: string) => valid(text) === text;
