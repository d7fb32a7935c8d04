import { Id, Name, Timestamp } from './common.js';
import { type Static, Type } from './typebox.js';

export const ProjectInput = Type.Object({ name: Name }, { additionalProperties: false });
export type ProjectInput = Static<typeof ProjectInput>;

export const Project = Type.Object({ id: Id, name: Name, createdAt: Timestamp });
export type Project = Static<typeof Project>;
