import { generateKeyPairSync, sign } from 'node:crypto';
import type { ProvenanceEnvelope } from '@pierhead/client';
import t from 'tap';
import { openEnvelope } from './open-envelope.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const key = {
  keyid: 'k',
  algorithm: 'ed25519' as const,
  publicKey: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
};

function sealed(text: string, payloadType = 'application/vnd.in-toto+json'): ProvenanceEnvelope {
  const signed = Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${Buffer.byteLength(text)} ${text}`);
  const signatures = [{ keyid: 'k', sig: sign(null, signed, privateKey).toString('base64') }];
  return { payloadType: payloadType as never, payload: Buffer.from(text).toString('base64'), signatures };
}

t.test('a statement is opened where the key has signed it, and refused where anything differs', async (t) => {
  const good = sealed('{"a":"ü"}');
  t.same(openEnvelope(good, key), { a: 'ü' });
  const refused = { code: 'signature_invalid' };
  t.throws(() => openEnvelope({ ...good, payload: sealed('{"a":"u"}').payload }, key), refused);
  t.throws(() => openEnvelope({ ...good, signatures: [] }, key), refused);
  t.throws(() => openEnvelope({ ...good, signatures: [{ keyid: 'k', sig: 'AAAA' }] }, key), refused);
  t.throws(() => openEnvelope(sealed('{}', 'text/plain'), key), refused, 'signed, and no statement');
  const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }).toString();
  t.throws(() => openEnvelope(good, { ...key, publicKey: other }), refused);
});
