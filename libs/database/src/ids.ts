import { v7 } from 'uuid';

/** A new UUIDv7: ids sort by the time at which they were made. */
export const newId = (): string => v7();

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** No row has another kind of id. */
export const isId = (text: string): boolean => uuid.test(text);
