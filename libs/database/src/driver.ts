// What the build makes of this is the driver with a mend: see build-driver.mjs.

export type { Sql } from 'postgres';
export { default } from 'postgres';
