import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a path holds: text, bytes, a program, a symbolic link, or a submodule's commit. */
export type GitFile = string | Buffer | { program: string } | { link: string } | { submodule: string };
export type GitFiles = Record<string, GitFile>;

export interface CommitOptions {
  /** Default `main`, which is also the repository's HEAD. */
  branch?: string;
  message?: string;
  /** Makes an annotated tag on the commit. */
  tag?: string;
}

/** Commits `files` to the bare repository in `folder` without ever having them on disk; answers the commit. */
export async function commitFiles(folder: string, files: GitFiles, options: CommitOptions = {}): Promise<string> {
  const branch = `refs/heads/${options.branch ?? 'main'}`;
  if (!existsSync(folder)) await git(folder, ['init', '--quiet', '--bare', '--initial-branch=main', '--', folder], '/');
  const parent = (await git(folder, ['for-each-ref', '--format=%(refname)', branch])) ? [`from ${branch}^0`] : [];
  await fastImport(folder, [
    `commit ${branch}`,
    `committer ${author}`,
    ...data(options.message ?? 'A commit'),
    ...parent,
    'deleteall',
    ...Object.entries(files).flatMap(([path, file]) => change(path, file)),
    ...(options.tag ? [`tag ${options.tag}`, `from ${branch}`, `tagger ${author}`, ...data('A tag')] : []),
  ]);
  return await git(folder, ['rev-parse', branch]);
}

const author = 'A Tester <tester@example.com> 1700000000 +0000';
const data = (content: string | Buffer) => [`data ${Buffer.byteLength(content)}`, content];

function change(path: string, file: GitFile): (string | Buffer)[] {
  const at = JSON.stringify(path);
  if (typeof file === 'string' || Buffer.isBuffer(file)) return [`M 100644 inline ${at}`, ...data(file)];
  if ('program' in file) return [`M 100755 inline ${at}`, ...data(file.program)];
  if ('link' in file) return [`M 120000 inline ${at}`, ...data(file.link)];
  return [`M 160000 ${file.submodule} ${at}`];
}

async function fastImport(folder: string, lines: (string | Buffer)[]): Promise<void> {
  const importing = run('git', ['fast-import', '--quiet'], { cwd: folder });
  importing.child.stdin?.end(Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')])));
  await importing;
}

async function git(folder: string, args: string[], cwd = folder): Promise<string> {
  const { stdout } = await run('git', args, { cwd });
  return stdout.trim();
}
