import { type Static, Type } from './typebox.js';

export const LogStream = Type.Enum(['stdout', 'stderr', 'system']);
export type LogStream = Static<typeof LogStream>;

export const LogLine = Type.Object({
  seq: Type.Integer({ description: 'Position in the log, from 1, without gaps.' }),
  at: Type.String({ format: 'date-time' }),
  stage: Type.String(),
  stream: LogStream,
  text: Type.String(),
});
export type LogLine = Static<typeof LogLine>;

export const AppLogLine = Type.Object({
  seq: Type.Integer({ description: 'Position in the output of the service and environment, from 1.' }),
  at: Type.String({ format: 'date-time' }),
  deploymentId: Type.String({ description: 'Whose output it is.' }),
  stream: LogStream,
  text: Type.String(),
});
export type AppLogLine = Static<typeof AppLogLine>;
