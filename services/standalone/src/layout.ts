import { fileURLToPath } from 'node:url';

/** A process to keep running: which roles it holds and how it is started. */
export interface ProcessSpec {
  name: string;
  roles: readonly string[];
  /** The file that Node runs, with the roles as its arguments. */
  entry: string;
  nodeFlags?: readonly string[];
}

const entry = fileURLToPath(new URL('./role-process.js', import.meta.url));

/** The young generation is half of what an idle Node process holds; the gateway allocates at each request. */
const youngGeneration = (megabytes: number) => [`--max-semi-space-size=${megabytes}`];

/** Which roles share a process. A dying worker or api must not stop the gateway. */
export const layout: readonly ProcessSpec[] = [
  { name: 'control', roles: ['catalog', 'api'], entry, nodeFlags: youngGeneration(2) },
  { name: 'gateway', roles: ['gateway'], entry, nodeFlags: youngGeneration(4) },
  { name: 'worker', roles: ['worker'], entry, nodeFlags: youngGeneration(2) },
];

/** First nothing new comes in, then work is handed back, then traffic ends. */
export const stopOrder: readonly string[] = ['api', 'worker', 'gateway', 'catalog'];

/** The layout without a role that runs elsewhere. */
export const without = (role: string, specs: readonly ProcessSpec[]): ProcessSpec[] =>
  specs
    .map((spec) => ({ ...spec, roles: spec.roles.filter((each) => each !== role) }))
    .filter((spec) => spec.roles.length > 0);
