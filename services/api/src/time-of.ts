const lastMs = Date.UTC(9999, 11, 31);

/** A time as a client wrote it, brought to what the database can hold; null for what Date does not know, such as a leap second. */
export function timeOf(text: string): Date | null {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : new Date(Math.min(Math.max(ms, 0), lastMs));
}
