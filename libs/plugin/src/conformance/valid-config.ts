import type { ValidationResult } from '@pierhead/model';

/** The config of a fixture, put in order as that of a service is; rejects with all that its schema says against it. */
export async function validConfig(
  validate: (config: unknown) => Promise<ValidationResult | null>,
  config: unknown,
  where: string,
): Promise<Record<string, unknown>> {
  const result = await validate(config);
  if (result?.valid) return result.config;
  const faults = (result?.errors ?? []).map(({ path, message }) => `${where}${path}: ${message}`);
  throw new Error(`The fixture gives a config that the configSchema refuses:\n${faults.join('\n')}`);
}
