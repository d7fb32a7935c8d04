import { stripVTControlCharacters } from 'node:util';

/** Text of others as one line that cannot steer the terminal. */
export const printable = (text: string) =>
  stripVTControlCharacters(text)
    .replaceAll(/[\t\r\n]+/g, ' ')
    .replaceAll(/\p{Cc}/gu, '');
