import { verify } from 'node:crypto';
import type { ProvenanceEnvelope, ProvenanceKey } from '@pierhead/client';
import { CliError } from './failure.js';

/** The statement in an envelope of DSSE. Throws CliError `signature_invalid` unless the key has signed it. */
export function openEnvelope(
  { payloadType, payload, signatures }: ProvenanceEnvelope,
  { keyid, publicKey }: ProvenanceKey,
): unknown {
  const body = Buffer.from(payload, 'base64');
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${body.length} `;
  const signed = Buffer.concat([Buffer.from(head), body]);
  const isSigned = signatures.some(({ sig }) => verify(null, signed, publicKey, Buffer.from(sig, 'base64')));
  if (isSigned && payloadType === 'application/vnd.in-toto+json') return JSON.parse(body.toString('utf8'));
  throw new CliError('signature_invalid', `The provenance is not signed with the key ${keyid}.`);
}
