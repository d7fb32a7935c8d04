import type { Server } from '@pierhead/http';
import type { ApiContext } from './context.js';

/** A group of routes: adds itself to the server. */
export type Routes = (app: Server, context: ApiContext) => Promise<void>;
