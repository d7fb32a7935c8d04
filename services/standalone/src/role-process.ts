import { hostRoles } from './host-roles.js';
import { roles } from './roles.js';

hostRoles(roles, process.argv.slice(2));
