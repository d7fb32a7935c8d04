/** What the host says of a plugin that broke down: the plugin itself said nothing of its user then. */
const ofTheHost = new Set(['plugin_crashed', 'plugin_failed', 'plugin_out_of_memory', 'plugin_timeout']);

/** For `assert.rejects`. By its name: a plugin has classes of its own copy of the SDK. */
export function isUserError(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'UserError') throw told(error);
  if (ofTheHost.has((error as Error & { code: string }).code)) throw told(error);
  return true;
}

const told = (error: unknown) =>
  new Error(`It threw no UserError: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
