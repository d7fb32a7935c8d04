import { HttpProblem } from '@pierhead/http';
import type { Problem } from '@pierhead/model';

export const notFound = (code: string, detail: string) => new HttpProblem(404, code, detail);
export const conflict = (code: string, detail: string) => new HttpProblem(409, code, detail);
export const unacceptable = (code: string, detail: string, errors: Problem[]) =>
  new HttpProblem(422, code, detail, { errors });
