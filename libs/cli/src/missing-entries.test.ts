import t from 'tap';
import { assertNothingMissing } from './missing-entries.js';

const problem = (path: string, code: string, message = '') => ({ path, code, message });

t.test('what a service uses and is not there is named, and nothing else', async (t) => {
  assertNothingMissing([
    problem('/builderId', 'builder_disabled'),
    problem('/providerConfig', 'upload_not_found'),
    problem('', 'no_worker'),
  ]);
  const missing = [
    problem('/providerId', 'provider_unknown', 'There is no provider "x".'),
    problem('/runtimeVersion', 'runtime_version_gone', 'Version 2 is gone.'),
  ];
  t.throws(() => assertNothingMissing(missing), {
    code: 'provider_unknown',
    detail: 'There is no provider "x". Version 2 is gone.',
    hint: /plugins list/,
  });
});
