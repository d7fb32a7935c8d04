import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import fc from 'fast-check';
import t from 'tap';
import { checkConfigSchema } from './check-config-schema.js';
import { isNested, type Keywords, propertiesOf } from './config-properties.js';
import { describeConfig } from './config-schema.js';
import { isPlainObject } from './copy-json.js';
import { formAccepts } from './form-simulation-fixture.js';
import { drawSchema } from './random-schema-fixture.js';
import { configValidator } from './validate-config.js';

const about = { id: 'x', version: '1.0.0', name: 'X', description: 'X' };
const ajv = () => formats.default(new Ajv2020({ strict: false, allErrors: false, unicodeRegExp: true }));

/** A form cannot tell an object that is there from one that is not, where none of its fields has a value. */
function hasEmptyObject(schema: Keywords, config: unknown): boolean {
  if (!isPlainObject(config)) return false;
  return propertiesOf(schema).some(([key, child]) => {
    const value = config[key];
    if (child.items) return Array.isArray(value) && value.some((entry) => hasEmptyObject(child.items!, entry));
    if (!isNested(child) || !isPlainObject(value)) return false;
    return !hasValue(value) || hasEmptyObject(child, value);
  });
}

const hasValue = (value: unknown): boolean =>
  isPlainObject(value) ? Object.values(value).some(hasValue) : value !== '' && value !== undefined;

t.test('the fields, the JSON Schema and the validator say the same of random configs', async (t) => {
  let [accepted, refused] = [0, 0];
  const property = fc.property(fc.gen(), (draw) => {
    const { schema, values } = drawSchema((arbitrary) => draw(() => arbitrary));
    if (checkConfigSchema(schema, {}).length > 0) throw new Error(JSON.stringify(checkConfigSchema(schema, {})));
    const described = describeConfig({ ...about, configSchema: schema });
    const validate = configValidator(schema, described);
    const fits = ajv().compile(described.jsonSchema);
    for (let round = 0; round < 15; round++) {
      const input = draw(() => values);
      const { valid, errors, config } = validate(input);
      const isBad = (errors: readonly { code: string }[]) => errors.some(({ code }) => code !== 'rule');
      const says = { valid, errors, input, config, schema: described };
      if (fits(config) === isBad(errors))
        throw new Error(`ajv differs: ${JSON.stringify({ ...says, why: fits.errors })}`);
      if (!hasEmptyObject(schema as Keywords, config) && formAccepts(described, config) !== valid) {
        throw new Error(`the form differs: ${JSON.stringify(says)}`);
      }
      const again = validate(config);
      if (again.valid !== valid || JSON.stringify(again.config) !== JSON.stringify(config))
        throw new Error(`not idempotent: ${JSON.stringify({ ...says, again })}`);
      if (valid) accepted += 1;
      else refused += 1;
    }
  });
  fc.assert(property, { numRuns: 100, endOnFailure: true });
  t.ok(accepted > 100, `${accepted} were accepted`);
  t.ok(refused > 100, `${refused} were refused`);
});
