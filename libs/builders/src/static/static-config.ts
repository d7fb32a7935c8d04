import { array, boolean, configSchema, integer, type Static, Type, text } from '@pierhead/model';

const part = '(?!\\.{1,2}(?:/|$))[^/\\\\\\u0000-\\u001f\\u007f]+';
/** A relative path without `.` or `..` parts, or nothing. */
const relativePath = `^(?:/?${part}(?:/${part})*/?)?$`;
/** The same, or `.` for everything. */
const publishFolder = `^(?:\\.|\\./?|${part}(?:/${part})*/?)$`;
const fileName = '^[^./\\\\\\u0000-\\u001f\\u007f][^/\\\\\\u0000-\\u001f\\u007f]*$';
const printable = '^[\\u0020-\\u007e]*$';

const plain = "[A-Za-z0-9._~%$&,;=:@+'\\u00a1-\\uffff -]";
const segment = `/${plain}*(?:\\*${plain}*)?`;
/** At most one `*` in each part and one `**` in all: such a glob can be matched in no time, whatever the path. */
const glob = `^(?=/)(?:${segment})*(?:/\\*\\*(?:${segment})*)?$`;
const headerName = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";
const redirectFrom = '^(?=/)(?:/[^/*?#\\\\\\u0000-\\u0020\\u007f]+)*(?:/\\*?)?$';
const redirectTo = '^(?:https?://|/(?!/))[\\u0021-\\u005b\\u005d-\\u007e]*$';
const strict = { additionalProperties: false };

const Header = Type.Object(
  {
    path: text({ label: 'Path', placeholder: '/assets/**', maxLength: 500, pattern: glob }),
    name: text({ label: 'Name', placeholder: 'X-Frame-Options', minLength: 1, maxLength: 100, pattern: headerName }),
    value: text({ label: 'Value', placeholder: 'DENY', maxLength: 4_000, pattern: printable }),
  },
  strict,
);

const Redirect = Type.Object(
  {
    from: text({ label: 'From', placeholder: '/old/*', minLength: 1, maxLength: 500, pattern: redirectFrom }),
    to: text({ label: 'To', placeholder: '/new/:splat', maxLength: 2_000, pattern: redirectTo }),
    status: Type.Optional(
      integer({ label: 'Status', description: '301, 302, 307 or 308.', default: 302, minimum: 301, maximum: 308 }),
    ),
  },
  strict,
);

export const defaultCacheControl = 'public, max-age=0, must-revalidate';

export const staticConfig = configSchema(
  {
    publishFolder: Type.Optional(
      text({
        label: 'Publish folder',
        description: 'The folder whose files are served.',
        placeholder: 'public',
        default: '.',
        maxLength: 500,
        pattern: publishFolder,
        group: 'files',
        order: 1,
      }),
    ),
    index: Type.Optional(
      text({
        label: 'Index file',
        description: 'What answers for a folder.',
        default: 'index.html',
        maxLength: 200,
        pattern: fileName,
        group: 'files',
        order: 2,
      }),
    ),
    errorPage: Type.Optional(
      text({
        label: 'Error page',
        description: 'Answers, with status 404, for what does not exist. Without one it is 404.html, if there is one.',
        placeholder: '404.html',
        maxLength: 500,
        pattern: relativePath,
        group: 'files',
        order: 3,
      }),
    ),
    fallback: Type.Optional(
      text({
        label: 'Fallback',
        description: 'Answers, with status 200, for every unknown path: for single-page apps.',
        placeholder: 'index.html',
        maxLength: 500,
        pattern: relativePath,
        group: 'routing',
        order: 4,
      }),
    ),
    cleanUrls: Type.Optional(
      boolean({
        label: 'Clean URLs',
        description: '/about answers with about.html, and /about.html redirects to /about.',
        default: true,
        group: 'routing',
        order: 5,
      }),
    ),
    redirects: Type.Optional(
      array(Redirect, {
        label: 'Redirects',
        description:
          'The first that fits holds. A from that ends in /* takes everything below; :splat carries it over.',
        default: [],
        group: 'routing',
        order: 6,
      }),
    ),
    cacheControl: Type.Optional(
      text({
        label: 'Cache-Control',
        description: 'Sent with every file. Browsers ask again each time unless it says otherwise.',
        default: defaultCacheControl,
        maxLength: 200,
        pattern: printable,
        group: 'headers',
        order: 7,
      }),
    ),
    headers: Type.Optional(
      array(Header, {
        label: 'Headers',
        description: 'Sent for the paths that fit: * stands for part of a name, ** for any number of folders.',
        default: [],
        group: 'headers',
        order: 8,
      }),
    ),
  },
  {
    groups: [
      { id: 'files', label: 'Files' },
      { id: 'routing', label: 'Routing' },
      { id: 'headers', label: 'Headers' },
    ],
  },
);
export type StaticConfig = Static<typeof staticConfig>;
