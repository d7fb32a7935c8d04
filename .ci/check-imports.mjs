// Runs the import rules, and fails when they were held against anything less than the whole source:
// the tool itself reports "no violations" when it has read no module at all.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cruise, format } from 'dependency-cruiser';
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config';

const groups = ['libs', 'services'];
const fewest = 100;
const source = /^(libs|services)\/[^/]+\/src\/.+\.ts$/;

process.chdir(new URL('..', import.meta.url).pathname);
const options = await extractOptions('./.dependency-cruiser.cjs');
const { output: result } = await cruise(groups, options, undefined, { tsConfig: extractTsConfig('./tsconfig.json') });
const report = await format(result, { outputType: 'err' });
process.stdout.write(`${report.output.trim()}\n`);

const faults = [...(await unseen(result.modules)), ...unresolved(result.modules)];
for (const fault of faults) console.error(fault);
process.exitCode = report.exitCode > 0 || faults.length > 0 ? 1 : 0;

async function unseen(modules) {
  const seen = new Set(modules.map((each) => each.source));
  const missing = (await sourceFiles()).filter((file) => !seen.has(file));
  const count = modules.filter((each) => source.test(each.source)).length;
  const faults = missing.map((file) => `not read: ${file}`);
  return count < fewest ? [...faults, `only ${count} modules were read, fewer than ${fewest}`] : faults;
}

/** Imports between packages must reach the sources, or the rules between packages see nothing. */
function unresolved(modules) {
  const all = modules.flatMap((each) => each.dependencies.filter(({ module }) => module.startsWith('@pierhead/')));
  const lost = all.filter(({ resolved }) => !source.test(resolved));
  if (all.length === 0) return ['no import between packages was seen'];
  return lost.map(({ module, resolved }) => `${module} was resolved to ${resolved}, not to its source`);
}

async function sourceFiles() {
  const names = await Promise.all(groups.map(async (group) => (await readdir(group)).map((name) => join(group, name))));
  const files = await Promise.all(
    names.flat().map(async (dir) => {
      const found = await readdir(join(dir, 'src'), { recursive: true }).catch(() => []);
      return found.map((name) => join(dir, 'src', name));
    }),
  );
  return files.flat().filter((file) => source.test(file));
}
