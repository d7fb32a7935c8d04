import { type Dockerfile, instructionsOf } from './dockerfile.js';

interface SecretMount {
  line: number;
  name: string;
}

const mount = /--mount=(\S+)/g;
const secret = /(?:^|,)type=secret(?:,|$)/;

/** The secrets that a Dockerfile's steps ask for; those whose name a variable makes are left out. */
function secretMountsOf(text: string): SecretMount[] {
  return instructionsOf(text).flatMap(({ keyword, line, full }) => {
    if (keyword !== 'RUN') return [];
    const mounts = [...full.matchAll(mount)].map(([, options = '']) => options.replaceAll('"', ''));
    const names = mounts.filter((options) => secret.test(options)).map(nameOf);
    return names.flatMap((name) => (name && !name.includes('$') ? [{ line, name }] : []));
  });
}

function nameOf(options: string): string | undefined {
  const pairs = options.split(',').map((pair): [string, string] => {
    const at = pair.indexOf('=');
    return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
  });
  const { id, target, dst, destination } = Object.fromEntries(pairs);
  return id ?? (target ?? dst ?? destination ?? '').split('/').at(-1);
}

/** What to tell of secrets that steps ask for and do not get: they run without, unless they say that they must not. */
export function missingSecrets({ path, text }: Dockerfile, given: Readonly<Record<string, string>>): string[] {
  const missing = secretMountsOf(text).filter(({ name }) => !Object.hasOwn(given, name));
  return missing.map(({ line, name }) => `${path}:${line}: there is no build secret ${name}`);
}
