import type { SourceUsed } from '@pierhead/database';
import type { Provider } from '@pierhead/model';

/** Where a deployment's source can be had: the service's own place, or a fallback. */
export interface SourcePlace {
  used: SourceUsed;
  config: unknown;
  /** Looks the provider up. */
  provider(): Promise<Provider>;
}
