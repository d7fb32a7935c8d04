import { createHash, createPrivateKey, createPublicKey, hkdfSync, sign } from 'node:crypto';
import type { ProvenanceKey } from '@pierhead/model';

/** Signs with a key that belongs to this installation. */
export interface Signer {
  key: ProvenanceKey;
  sign(bytes: Buffer): Buffer;
}

/** What an Ed25519 key looks like in PKCS #8 before its 32 bytes. */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');
/** Nothing else is derived under this name: the key gives nothing away of what the secret key seals. */
const purpose = 'pierhead provenance ed25519 v1';

/**
 * A signer whose Ed25519 key is derived from the secret key, so that there is none to make, keep or lose beside it.
 * @param secretKey 32 bytes in base64
 */
export function createSigner(secretKey: string): Signer {
  const seed = Buffer.from(hkdfSync('sha256', Buffer.from(secretKey, 'base64'), '', purpose, 32));
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey);
  const keyid = createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('hex');
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
  return {
    key: { keyid, algorithm: 'ed25519', publicKey: pem },
    sign: (bytes) => sign(null, bytes, privateKey),
  };
}
