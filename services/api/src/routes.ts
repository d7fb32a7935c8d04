import type { App } from '@pierhead/http';
import type { ApiContext } from './context.js';

/** A group of routes: adds itself to the server. */
export type Routes = (app: App, context: ApiContext) => Promise<void>;
