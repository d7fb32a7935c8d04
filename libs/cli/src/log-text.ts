import type { LogLine } from '@pierhead/client';
import { printable } from './printable.js';

/** A line of a log as a person reads it. */
export const logText = ({ stage, text }: Pick<LogLine, 'stage' | 'text'>) =>
  `${stage.padEnd(7)} | ${printable(text)}`.trimEnd();
