import { configSchema, password, type Static, Type, text, UserError, url } from '@pierhead/model';

/** What Git allows in a ref, less everything that means something to a shell or looks like an option. */
const refPattern =
  '^(?!.*(?:\\.\\.|//|/\\.|@\\{|\\.lock(?:/|$)|[\\/.]$))[\\p{L}\\p{N}_#@+][\\p{L}\\p{M}\\p{N}_#@+=,%.\\/\\-]*$';
/** A relative path without dot segments; `.git` is never part of a source. */
const folderPattern =
  '^(?!(?:.*/)?(?:\\.{1,2}|\\.[gG][iI][tT])(?:/|$))[^\\/\\\\\\u0000-\\u001f\\u007f]+(?:/[^\\/\\\\\\u0000-\\u001f\\u007f]+)*$';
const urlPattern = '^https?://[^\\/@?#\\\\\\s]+/[^?#\\\\\\s]+$';
const usernamePattern = '^[^:\\u0000-\\u001f\\u007f]*$';
const orEmpty = (pattern: string) => `^$|${pattern}`;

export const gitConfigSchema = configSchema({
  url: url({
    label: 'Repository URL',
    normalize: ['trim'],
    placeholder: 'https://git.example.com/team/app.git',
    pattern: urlPattern,
    patternHint: 'An https URL without a user name or password in it.',
    order: 1,
  }),
  ref: Type.Optional(
    text({
      label: 'Branch, tag or commit',
      normalize: ['trim'],
      description: "Empty for the repository's default branch. A commit is written with all 40 characters.",
      placeholder: 'main',
      default: '',
      maxLength: 255,
      pattern: orEmpty(refPattern),
      patternHint: 'Letters, digits and . _ - / # @ + = , % and no leading dash.',
      order: 2,
    }),
  ),
  folder: Type.Optional(
    text({
      label: 'Folder',
      description: 'Where the app is inside the repository; empty for its top.',
      placeholder: 'apps/web',
      default: '',
      maxLength: 500,
      pattern: orEmpty(folderPattern),
      patternHint: 'A relative path without . and .. parts.',
      order: 3,
    }),
  ),
  username: Type.Optional(
    text({
      label: 'User name',
      description: 'Only where the server wants a certain one beside the token.',
      default: '',
      maxLength: 255,
      pattern: usernamePattern,
      order: 4,
    }),
  ),
  token: Type.Optional(
    password({ label: 'Access token', description: 'For private repositories: a token or a password.', order: 5 }),
  ),
});
export type GitConfig = Static<typeof gitConfigSchema>;

const refGrammar = new RegExp(refPattern, 'u');
const folderGrammar = new RegExp(folderPattern, 'u');
const usernameGrammar = new RegExp(usernamePattern, 'u');
const control = /[\u0000-\u001f\u007f]/;

/** The grammar of a branch, tag or commit again, for values that come from elsewhere than a checked config. */
export function checkRef(ref: string): string {
  if (ref.length <= 255 && refGrammar.test(ref)) return ref;
  throw new UserError('git_ref_invalid', `${JSON.stringify(ref.slice(0, 80))} is not accepted as a branch or tag.`, {
    hint: 'Use letters, digits and . _ - / # @ + = , % with no leading dash.',
  });
}

/** The grammar of a folder again; '' for the top. */
export function checkFolder(folder = ''): string {
  if (folder === '' || (folder.length <= 500 && folderGrammar.test(folder))) return folder;
  throw new UserError('folder_invalid', `${JSON.stringify(folder.slice(0, 80))} is not accepted as a folder.`, {
    hint: 'Write a relative path without . and .. parts.',
  });
}

/** `username:token`, or null when there is no token. Servers that look at the token alone take any user name. */
export function credentialsOf({ username = '', token = '' }: GitConfig): string | null {
  if (!token) return null;
  if (!usernameGrammar.test(username) || control.test(token))
    throw new UserError('git_credentials_invalid', 'The user name or the token holds characters that cannot be sent.');
  return `${username || 'git'}:${token}`;
}
