import { Readable } from 'node:stream';
import { type Problem, pointer } from '@pierhead/model';
import type { FastifyRequest, preValidationHookHandler } from 'fastify';
import { HttpProblem } from './http-problem.js';

/** Text that no database and no process can hold: NUL and halves of characters. Refused at the door, with its path. */
export const refuseBadText: preValidationHookHandler = (request, _reply, done) => done(problemOfText(request));

function problemOfText({ body }: FastifyRequest): HttpProblem | undefined {
  if (typeof body !== 'object' || body === null || body instanceof Readable) return undefined;
  const errors = [...badTexts(body, '')];
  if (errors.length === 0) return undefined;
  return new HttpProblem(400, 'invalid_request', 'The body has text or depth that cannot be stored.', { errors });
}

const maxDepth = 64;

/** JSON.parse needs no stack and takes any depth; this walk does not. */
function* badTexts(value: unknown, path: string, depth = 0): Generator<Problem> {
  if (depth > maxDepth) {
    yield { path, code: 'too_deep', message: 'The body is nested too deeply here.' };
  } else if (typeof value === 'string') {
    if (isBad(value))
      yield { path, code: 'bad_text', message: 'A NUL or half a character cannot be stored: leave it out.' };
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      const at = path + pointer(key);
      if (isBad(key))
        yield { path: at, code: 'bad_text', message: 'A key has a NUL or half a character: leave it out.' };
      yield* badTexts(child, at, depth + 1);
    }
  }
}

const isBad = (text: string) => text.includes('\0') || /\p{Surrogate}/u.test(text);
