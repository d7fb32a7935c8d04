export const tokenHint = 'Set PIERHEAD_TOKEN, or PIERHEAD_DATA_DIR to the data folder of the Pierhead on this machine.';
