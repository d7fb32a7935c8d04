import { UserError, WorldError } from '@pierhead/model';
import type { GitResult } from './git-command.js';

interface Failure {
  /** Git tells its reasons in words only; `LC_ALL=C` keeps them in English. No URL can hold a phrase with a space. */
  says: RegExp;
  code: string;
  message: string;
  hint: string;
}

const failures: readonly Failure[] = [
  {
    says: /could not read (Username|Password)|Authentication failed|returned error: 40[13]/,
    code: 'git_auth_failed',
    message: 'The Git server refuses access to the repository.',
    hint: 'Check that the repository exists, and that the token is valid and may read it.',
  },
  {
    says: /returned error: (404|410)|repository '.*' not found|is this a git repository\?|not valid: is this/,
    code: 'git_repository_not_found',
    message: 'There is no Git repository at this URL.',
    hint: 'Check the URL; some servers hide private repositories until a token is given.',
  },
  {
    says: /returned error: 30\d|from redirection/,
    code: 'git_redirected',
    message: 'The Git server points to another URL, which is not followed.',
    hint: 'Write the final URL; many servers want it to end in .git.',
  },
  {
    says: /not our ref|unadvertised object|remote ref does not exist|couldn't find remote ref/,
    code: 'git_ref_not_found',
    message: 'The repository does not have the commit that was asked for.',
    hint: 'It may have been removed by a force push; deploy the branch again.',
  },
  {
    says: /SSL certificate|server certificate|certificate verif/,
    code: 'git_certificate_refused',
    message: "The Git server's certificate is not trusted.",
    hint: "Install the certificate authority's certificate on the worker's machine.",
  },
];

/** What a failed exchange with a Git server means; what nobody can name is the network's or the server's fault. */
export function remoteFailure({ stderr }: GitResult): UserError | WorldError {
  const line = lineOf(stderr);
  const ownWords = stderr.replace(/^remote: .*$/gm, '');
  const known = failures.find((each) => each.says.test(ownWords));
  if (known) return new UserError(known.code, known.message, { hint: known.hint, line });
  return new WorldError('git_unreachable', 'The Git server cannot be reached.', { line });
}

/** What a failed command on the local copy means: a full disk, most likely. */
export const localFailure = ({ stderr }: GitResult) =>
  new WorldError('git_failed', 'Git cannot work on its local copy.', { line: lineOf(stderr) });

function lineOf(stderr: string): string {
  const lines = stderr.split(/[\r\n]+/).filter((line) => line.trim());
  const telling = lines.findLast((line) => /^(fatal|error|remote): /.test(line)) ?? lines.at(-1) ?? '';
  return telling.slice(0, 500);
}
