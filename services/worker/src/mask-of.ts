import { mapSealed, type Secrets, type Snapshot } from '@pierhead/database';
import { maskSecrets, type SecretMask } from '@pierhead/model';

/**
 * Puts stars in the place of everything that is secret in a deployment: variables, and fields of its configs. What does
 * not open here is passed over.
 */
export function maskOf(snapshot: Snapshot, serviceId: string, secrets: Secrets): SecretMask {
  const found: string[] = [];
  mapSealed(snapshot, (sealed) => {
    try {
      found.push(String(secrets.open(sealed, serviceId)));
    } catch {
      // No run begins with it.
    }
    return null;
  });
  return maskSecrets(found);
}
