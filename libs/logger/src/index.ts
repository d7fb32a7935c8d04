import { type Logger, pino } from 'pino';

export type { Logger };

const redact = {
  paths: [
    'req.headers.authorization',
    'req.headers.cookie',
    '*.password',
    '*.token',
    '*.secretKey',
    '*.oldSecretKeys',
    '*.adminToken',
  ],
  censor: '[redacted]',
};

/** A JSON logger on standard output that names its role and never prints credentials. */
export function createLogger(role: string, level: string): Logger {
  return pino({ level, redact, base: { role }, timestamp: pino.stdTimeFunctions.isoTime });
}
