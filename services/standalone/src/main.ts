import { readConfig } from '@pierhead/config';
import { messageOf } from '@pierhead/model';
import { runStandalone } from './run-standalone.js';

try {
  await runStandalone(readConfig());
  process.exit(0);
} catch (error) {
  const hint = error instanceof Error && 'hint' in error && error.hint ? ` ${error.hint}` : '';
  console.error(`pierhead: ${messageOf(error)}${hint}`);
  process.exit(1);
}
