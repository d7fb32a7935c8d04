type Values = Record<string, unknown>;

/** Shorter ones would take words out of lines that have nothing to do with them. */
const shortest = 4;

/** The values of secret fields in what a call was given: a config, or a spec that holds one as `config`. */
export function secretsIn(configSchema: unknown, args: readonly unknown[]): string[] {
  const found = args
    .filter(isObject)
    .flatMap((each) => [...secretsOf(configSchema, each), ...secretsOf(configSchema, each.config)]);
  return [...new Set(found)];
}

function secretsOf(schema: unknown, config: unknown): string[] {
  if (!isObject(schema) || !isObject(schema.properties) || !isObject(config)) return [];
  return Object.entries(schema.properties).flatMap(([key, child]) => {
    const value = config[key];
    if (typeof value !== 'string') return secretsOf(child, value);
    return isSecret(child) && value.length >= shortest ? [value] : [];
  });
}

const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null;
const isSecret = (schema: unknown) => isObject(schema) && isObject(schema.ui) && schema.ui.secret === true;

/** Puts stars in the place of each secret, also where it is written as in a URL or in JSON. */
export function maskOf(secrets: readonly string[]): (text: string) => string {
  const written = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(wellFormed(secret)),
    JSON.stringify(secret).slice(1, -1),
  ]);
  const longestFirst = [...new Set(written)].toSorted((one, other) => other.length - one.length);
  return (text) => longestFirst.reduce((masked, each) => masked.replaceAll(each, '***'), text);
}

/** Half a character cannot be encoded. */
const wellFormed = (text: string) => Buffer.from(text).toString();
