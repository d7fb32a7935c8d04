import { imageReferencePattern, maxReferenceLength } from '@pierhead/docker/reference';
import { configSchema, type Static, text } from '@pierhead/model';

export const imageConfigSchema = configSchema({
  image: text({
    label: 'Image',
    description: 'A deployment can ask for another tag; each release is pinned to the digest that it found.',
    placeholder: 'ghcr.io/owner/app:1.4',
    minLength: 1,
    maxLength: maxReferenceLength,
    pattern: imageReferencePattern,
    patternHint: 'Write it like nginx:1.29 or ghcr.io/owner/name:tag.',
  }),
});
export type ImageConfig = Static<typeof imageConfigSchema>;
