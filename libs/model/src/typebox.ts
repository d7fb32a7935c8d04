import { Settings } from 'typebox/system';

// The library stops at 8 errors by default; ours are to come all at once, within reason.
Settings.Set({ maxErrors: 500 });

/** TypeBox, from one place: everything validates with one copy of one version, and a process loads one file of it. */
export { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox';
export { Compile } from 'typebox/compile';
export type { TLocalizedValidationError } from 'typebox/error';
export { Value } from 'typebox/value';
