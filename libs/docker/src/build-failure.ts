import { UserError, WorldError } from '@pierhead/model';
import type { BuildOutput } from './build-output.js';
import type { Dockerfile } from './dockerfile.js';
import { engineGone } from './engine-error.js';
import { failingLine, fromLine, numberedLine } from './failing-line.js';

const imageStep = /^(?:\[internal\] load metadata for |(?:\[[^\]]*\] )?FROM )(\S+)/;
const registryDown =
  /failed to do request|dial tcp|i\/o timeout|no such host|tls: |connection re(?:fused|set)|toomanyrequests|unexpected status.*5\d\d/i;

/** What a failed build means: the user's failure with the line that caused it, or the world's. */
export function buildFailure(
  message: string,
  { failed, cannotExecute }: Pick<BuildOutput, 'failed' | 'cannotExecute'>,
  dockerfile: Dockerfile,
): UserError | WorldError {
  const image = imageStep.exec(failed?.name ?? '')?.[1]?.replace(/@sha256:.*/, '');
  if (image) return imageFailure(image, failed?.error ?? message, dockerfile);
  return (
    worldFailure(message) ??
    fileFailure(message, dockerfile) ??
    stepFailure(message, { failed, cannotExecute }, dockerfile)
  );
}

function imageFailure(image: string, error: string, dockerfile: Dockerfile): UserError | WorldError {
  const line = fromLine(dockerfile, image);
  if (registryDown.test(error)) {
    return new WorldError('image_registry_unreachable', `The image registry of ${image} does not answer: ${error}`, {
      line,
      hint: 'Check the name of the image, and that the engine can reach its image registry.',
    });
  }
  return new UserError('base_image_not_found', `The base image ${image} cannot be had: ${error}`, {
    line,
    hint: 'Check the name and the tag of the image, and that it is public.',
  });
}

function worldFailure(message: string): WorldError | null {
  if (/no space left on device/.test(message)) {
    return new WorldError('disk_full', `The engine has no space left: ${message}`, { hint: 'Free disk space.' });
  }
  if (/context canceled|transport is closing|closing: EOF/.test(message))
    return engineGone(`The build broke off: ${message}`);
  return null;
}

/** Failures of the Dockerfile as a text, before any step ran. */
function fileFailure(message: string, dockerfile: Dockerfile): UserError | null {
  const text = message.replace(/^.*?failed to create LLB definition: /s, '').replace(/^failed to solve[^:]*: /, '');
  if (/target stage .* (could not be|not) found/.test(text)) {
    return new UserError('target_stage_not_found', `${dockerfile.path}: ${text}`, {
      hint: 'Set the target to the name of a stage of the Dockerfile, or leave it empty.',
    });
  }
  const number = /(?:parse error|dockerfile parse error|Dockerfile:)\D{0,12}(\d+)/.exec(text)?.[1];
  if (
    number === undefined &&
    !/failed to create LLB definition|Dockerfile cannot be empty|no build stage/.test(message)
  ) {
    return null;
  }
  return new UserError('dockerfile_syntax', `${dockerfile.path} cannot be read: ${text}`, {
    line: number === undefined ? undefined : numberedLine(dockerfile, Number(number)),
    hint: 'Correct the Dockerfile.',
  });
}

function stepFailure(
  message: string,
  { failed, cannotExecute }: Pick<BuildOutput, 'failed' | 'cannotExecute'>,
  dockerfile: Dockerfile,
): UserError {
  const line = failingLine(dockerfile, failed?.name ?? '');
  const missing = /"([^"]+)"(?: not found)?: not found/.exec(message)?.[1];
  if (missing && /cache key|checksum/.test(message)) {
    return new UserError('copy_source_not_found', `${missing} is not in the build context`, {
      line,
      hint: 'Check the path, the context folder, and .dockerignore.',
    });
  }
  const asked = noSecret.exec(message);
  if (asked) return secretMissing(asked[1], line);
  const exit = /exit code: (\d+)/.exec(message)?.[1];
  if (exit === killed) return outOfMemory(line);
  if (cannotExecute) return foreign(line);
  const what = exit === undefined ? message : `The build step ended with exit code ${exit}`;
  return new UserError('build_step_failed', `${what}${line ? ` (${line})` : ''}`, {
    line,
    hint: "See the step's own output in the deployment's log.",
  });
}

/** The engine says less where the build has no secrets at all. */
const noSecret = /^(?:.*: )?(?:secret (\S+)(?: not found)?: not found|no active sessions)/;

const secretMissing = (name = 'of that name', line: string | undefined) =>
  new UserError(
    'build_secret_missing',
    `The build step needs a secret ${name} that the service does not have${line ? ` (${line})` : ''}`,
    {
      line,
      hint: "Add it to the builder's secrets, or take `required` out of the mount.",
    },
  );

const foreign = (line: string | undefined) =>
  new UserError(
    'build_for_other_platform',
    `The build step cannot be executed: its program is for another processor than the engine's${line ? ` (${line})` : ''}`,
    {
      line,
      hint: "Leave the platform empty, or take a base image for the engine's own; an engine builds for others with emulation (binfmt) only.",
    },
  );

const killed = '137';

const outOfMemory = (line: string | undefined) =>
  new UserError(
    'build_out_of_memory',
    `The build step was killed (exit code ${killed}), as happens when it needs more memory than builds may take${line ? ` (${line})` : ''}`,
    {
      line,
      hint: 'Make the step use less memory, such as with fewer jobs in parallel, or let builds have more (PIERHEAD_BUILD_MEMORY).',
    },
  );
