const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A number of bytes as people read it. */
export function bytes(count: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(count, 1)) / 10));
  return `${(count / 1024 ** power).toFixed(power > 0 ? 1 : 0)} ${units[power]}`;
}
