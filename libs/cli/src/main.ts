import { createProgram } from './create-program.js';
import { reportFailure } from './failure.js';

const program = createProgram();
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
await program.parseAsync().catch((error) => reportFailure(error, program.opts().json === true));
