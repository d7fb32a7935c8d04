import { messageOf, UserError, WorldError } from '@pierhead/model';
import type { Notice } from './messages.js';

type Failed = Extract<Notice, { kind: 'failed' }>;

/** What a person needs to know of a failed start. `portVariable` names the way out of a taken port. */
export function noticeOfFailure(error: unknown, portVariable?: string): Failed {
  if (error instanceof UserError || error instanceof WorldError) {
    return { kind: 'failed', code: error.code, message: error.message, hint: error.hint };
  }
  const { code, address, port } = error as { code?: string; address?: string; port?: number };
  const free = portVariable ? `Stop what listens there, or set ${portVariable}.` : undefined;
  if (code === 'EADDRINUSE') {
    return { kind: 'failed', code: 'port_taken', message: `Port ${port} of ${address} is already in use.`, hint: free };
  }
  if (code === 'EACCES' && port) {
    const message = `Port ${port} of ${address} may only be used by root.`;
    return { kind: 'failed', code: 'port_forbidden', message, hint: portVariable && `Set ${portVariable}.` };
  }
  return { kind: 'failed', code: 'start_failed', message: messageOf(error) };
}
