/** For `assert.rejects`. By its name: a plugin has classes of its own copy of the SDK. */
export const isUserError = (error: unknown) => error instanceof Error && error.name === 'UserError';
