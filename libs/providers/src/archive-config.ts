import { configSchema, type Static, Type, text } from '@pierhead/model';

const uuid = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$';
/** A relative path without empty parts, `.` or `..` parts, backslashes or control characters; or nothing. */
const folder =
  '^(?:(?!\\.{1,2}(?:/|$))[^/\\\\\\u0000-\\u001f\\u007f]+(?:/(?!\\.{1,2}(?:/|$))[^/\\\\\\u0000-\\u001f\\u007f]+)*/?)?$';

/** The config of every provider whose source is an uploaded archive. */
export const archiveConfig = configSchema({
  uploadId: text({
    label: 'Archive',
    description: 'A .tar.gz, .tar or .zip file. A single folder around everything is left away.',
    widget: 'upload',
    normalize: ['trim'],
    pattern: uuid,
    patternHint: 'Upload an archive first; this is the id that it gets.',
    order: 1,
  }),
  folder: Type.Optional(
    text({
      label: 'Folder',
      description: 'The folder inside the archive to use. Empty means all of it.',
      placeholder: 'app',
      maxLength: 500,
      pattern: folder,
      order: 2,
    }),
  ),
});
export type ArchiveConfig = Static<typeof archiveConfig>;
