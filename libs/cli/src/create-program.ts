import { Command } from 'commander';
import { addDeploy } from './commands/deploy.js';
import { addDeployments } from './commands/deployments.js';
import { addKeys } from './commands/keys.js';
import { addMetrics } from './commands/metrics.js';
import { addOutput } from './commands/output.js';
import { addPlugins } from './commands/plugins.js';
import { addProjects } from './commands/projects.js';
import { addRegistries } from './commands/registries.js';
import { addRun } from './commands/run.js';
import { addServices } from './commands/services.js';
import { addStorage } from './commands/storage.js';
import { addTokens } from './commands/tokens.js';
import { addUpload } from './commands/upload.js';
import { addWorkers } from './commands/workers.js';
import { openSession } from './session.js';

const groups = [
  addRegistries,
  addPlugins,
  addProjects,
  addServices,
  addUpload,
  addDeploy,
  addDeployments,
  addOutput,
  addMetrics,
  addRun,
  addStorage,
  addTokens,
  addKeys,
  addWorkers,
];

const footer = `
Environment:
  PIERHEAD_URL       the API; on this machine at PIERHEAD_API_PORT, or 3000, unless set
  PIERHEAD_TOKEN     its token; unless set, the admin-token file of the data folder, for an API on this machine
  PIERHEAD_DATA_DIR  the data folder of the Pierhead on this machine`;

/** The `pierhead` command. Nothing is read or asked before one of its commands runs. */
export function createProgram(): Command {
  const program = new Command('pierhead')
    .description('Source goes in, a live URL comes out.')
    .version('0.1.0')
    .option('--json', 'print what the API answers, as JSON')
    .showHelpAfterError('(--help tells more)')
    .addHelpText('after', footer);
  const session = async () => openSession(program.opts());
  for (const add of groups) add(program, session);
  return program;
}
