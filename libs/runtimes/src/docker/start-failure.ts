import { cannotExecute, type Engine, engineMessage, foreignPlatform, statusOf } from '@pierhead/docker';
import { UserError, WorldError } from '@pierhead/model';

/** What it means that the engine refused to create or start a container of `image`. */
export async function startFailure(error: unknown, engine: Engine, image: string): Promise<unknown> {
  if (statusOf(error) === null) return error;
  const message = engineMessage(error);
  if (cannotExecute.test(message)) return notExecutable(engine, image, message);
  if (/no such image/i.test(message)) {
    return new UserError('image_missing', 'The image is no longer in the engine', {
      hint: 'Deploy again to build it.',
    });
  }
  if (/network .* not found/i.test(message)) {
    return new WorldError('docker_network_not_found', `The engine refused the network: ${message}`, {
      hint: 'Ask the operator to check the network that releases join.',
    });
  }
  if (/range of cpus/i.test(message)) {
    return new UserError('cpus_not_available', `The machine cannot give that many cores: ${message}`, {
      hint: 'Lower the processor cores of the service.',
    });
  }
  if (/duplicate mount point/i.test(message)) {
    return new UserError('volumes_conflict', `Two volumes have the same folder: ${message}`, {
      hint: 'Give each volume of the service a folder of its own.',
    });
  }
  if (/no command specified/i.test(message)) return commandFailure('The image has no command of its own', message);
  if (/executable file not found|no such file or directory|permission denied/i.test(message)) {
    return commandFailure('The command of the app cannot be executed', message);
  }
  return error;
}

/** The command is no program for this machine. */
export async function notExecutable(engine: Engine, image: string, message: string): Promise<UserError> {
  const platforms = await foreignPlatform(engine, image).catch(() => null);
  if (!platforms)
    return commandFailure('The command of the app is no program, nor a script with a first line #!', message);
  const found = `The image is for ${platforms.image}, and this machine runs ${platforms.engine}`;
  return new UserError('image_for_other_platform', `${found}: ${message}`, {
    line: message.slice(0, 300),
    hint: `Build the image for ${platforms.engine}, choose a tag of it that is, or deploy to a worker of the other kind.`,
  });
}

const commandFailure = (what: string, message: string) =>
  new UserError('command_not_executable', `${what}: ${message}`, {
    line: message.slice(0, 300),
    hint: "Set the service's command, or CMD in the Dockerfile, to a program that is in the image.",
  });
