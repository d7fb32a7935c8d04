import { readConfig } from '@pierhead/config';
import { messageOf } from '@pierhead/model';
import { runStandalone } from './run-standalone.js';

try {
  // A catalog of one's own is known by its token.
  await runStandalone(readConfig(process.env.PIERHEAD_CATALOG_URL ? ['catalogToken'] : []));
  process.exit(0);
} catch (error) {
  const hint = error instanceof Error && 'hint' in error && error.hint ? ` ${error.hint}` : '';
  console.error(`pierhead: ${messageOf(error)}${hint}`);
  process.exit(1);
}
