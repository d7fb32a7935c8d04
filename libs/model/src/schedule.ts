import { Argv, CommandSeconds, defaultCommandSeconds } from './command.js';
import { nullable, Timestamp } from './common.js';
import { type Static, Type } from './typebox.js';

const name = Type.String({ minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' });

/** A command that recurs in what is live in production. */
export const ScheduleInput = Type.Object(
  {
    name,
    cron: Type.String({
      minLength: 9,
      maxLength: 200,
      description: 'Five fields, from minute to day of the week, or six with seconds before them.',
    }),
    timeZone: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'Such as Europe/Berlin; UTC unless given.' }),
    ),
    command: Argv,
    timeoutSeconds: Type.Optional(CommandSeconds),
  },
  { additionalProperties: false },
);
export type ScheduleInput = Static<typeof ScheduleInput>;

/** As it is stored. */
export type Schedule = Required<ScheduleInput>;

export const scheduleOf = (input: ScheduleInput): Schedule => ({
  timeZone: 'UTC',
  timeoutSeconds: defaultCommandSeconds,
  ...input,
});

export const ScheduleView = Type.Object({
  ...ScheduleInput.properties,
  timeZone: Type.String(),
  timeoutSeconds: Type.Integer(),
  nextAt: nullable(Timestamp),
});
export type ScheduleView = Static<typeof ScheduleView>;
