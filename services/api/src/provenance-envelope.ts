import { type ProvenanceEnvelope, type ProvenanceStatement, provenanceMediaType } from '@pierhead/model';
import type { Signer } from './signer.js';

/** The statement in an envelope of DSSE. What is signed holds the type as well: no other document passes for it. */
export function sealStatement(statement: ProvenanceStatement, { key, sign }: Signer): ProvenanceEnvelope {
  const body = Buffer.from(JSON.stringify(statement));
  const head = `DSSEv1 ${Buffer.byteLength(provenanceMediaType)} ${provenanceMediaType} ${body.length} `;
  const sig = sign(Buffer.concat([Buffer.from(head), body]));
  return {
    payloadType: provenanceMediaType,
    payload: body.toString('base64'),
    signatures: [{ keyid: key.keyid, sig: sig.toString('base64') }],
  };
}
