type Values = Record<string, unknown>;

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
    if (!isSecret(child)) return secretsOf(child, value);
    return (isObject(value) ? Object.values(value) : [value]).filter((each) => typeof each === 'string');
  });
}

const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null;
const isSecret = (schema: unknown) => isObject(schema) && isObject(schema.ui) && schema.ui.secret === true;
