/** What a plugin threw, in words that are not too many. It may be anything, even what cannot be looked at. */
export function reasonOf(error: unknown): string {
  try {
    const { name, message } = error as Error;
    const text = error instanceof Error ? `${name}: ${message}` : String(error);
    return text.slice(0, 2_000);
  } catch {
    return 'something that cannot be read was thrown';
  }
}
