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
