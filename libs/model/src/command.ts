import { Environment, Id, nullable, Timestamp } from './common.js';
import { Trigger } from './deployment.js';
import { LogStream } from './log-line.js';
import { type Static, Type } from './typebox.js';

export const CommandStatus = Type.Enum(['queued', 'running', 'succeeded', 'failed', 'canceled', 'skipped']);
export type CommandStatus = Static<typeof CommandStatus>;

/** Whether a command in this status will never change again. */
export const hasEnded = (status: CommandStatus) => status !== 'queued' && status !== 'running';

export const defaultCommandSeconds = 3_600;

/** A program and its arguments; no shell sees them. */
export const Argv = Type.Array(Type.String({ maxLength: 32_768, pattern: '^[^\\u0000\\ud800-\\udfff]*$' }), {
  minItems: 1,
  maxItems: 200,
  description:
    'The program and its arguments, in place of ENTRYPOINT and CMD of the image. No shell reads them, and everybody who may read the service can: secrets belong into its variables.',
});
export type Argv = Static<typeof Argv>;

export const CommandSeconds = Type.Integer({
  minimum: 1,
  maximum: 86_400,
  description: `How long it may take before it is stopped; ${defaultCommandSeconds} unless given.`,
});

export const CommandInput = Type.Object(
  {
    command: Argv,
    environment: Type.Optional(Environment),
    timeoutSeconds: Type.Optional(CommandSeconds),
  },
  { additionalProperties: false },
);
export type CommandInput = Static<typeof CommandInput>;

export const CommandError = Type.Object({
  code: Type.String(),
  message: Type.String(),
  hint: nullable(Type.String()),
});
export type CommandError = Static<typeof CommandError>;

export const Command = Type.Object({
  id: Id,
  serviceId: Id,
  environment: Environment,
  deploymentId: nullable(
    Type.String({
      ...Id,
      description: 'The release that it runs in; null for one that was skipped as nothing was live.',
    }),
  ),
  command: Type.Array(Type.String()),
  trigger: Trigger,
  scheduledFor: nullable(Timestamp),
  timeoutSeconds: Type.Integer(),
  status: CommandStatus,
  reason: nullable(Type.String({ description: 'Why no worker takes it, where none can.' })),
  exitCode: nullable(Type.Integer({ description: 'Of the program; null until it has ended by itself.' })),
  error: nullable(CommandError),
  createdAt: Timestamp,
  startedAt: nullable(Timestamp),
  finishedAt: nullable(Timestamp),
});
export type Command = Static<typeof Command>;

export const CommandLine = Type.Object({
  seq: Type.Integer({ description: 'Position in the output, from 1, without gaps.' }),
  at: Timestamp,
  stream: LogStream,
  text: Type.String(),
});
export type CommandLine = Static<typeof CommandLine>;
