import { HttpProblem } from '@pierhead/http';
import type { Problem } from '@pierhead/model';

export const notFound = (code: string, detail: string) => new HttpProblem(404, code, detail);
export const unknownProject = () => notFound('project_not_found', 'There is no project with this id.');
export const unknownService = () => notFound('service_not_found', 'There is no service with this id.');
export const unknownDeployment = () => notFound('deployment_not_found', 'There is no deployment with this id.');
export const unknownCommand = () => notFound('command_not_found', 'There is no command with this id.');
export const conflict = (code: string, detail: string) => new HttpProblem(409, code, detail);
export const unacceptable = (code: string, detail: string, errors: Problem[]) =>
  new HttpProblem(422, code, detail, { errors });
