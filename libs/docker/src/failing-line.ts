import { type Dockerfile, type Instruction, instructionsOf } from './dockerfile.js';

interface Stage {
  name: string;
  /** The instructions that BuildKit counts as steps. */
  steps: Instruction[];
}

const stepName = /^\[(?:(.*) )?(\d+)\/\d+\] (\S+) ?(.*)$/s;

/** `Dockerfile:3: RUN exit 7` for the step that BuildKit calls `[2/3] RUN exit 7`, or undefined. */
export function failingLine(dockerfile: Dockerfile, step: string): string | undefined {
  const match = stepName.exec(step);
  if (!match) return undefined;
  const [, label, number, keyword = '', rest = ''] = match;
  const all = instructionsOf(dockerfile.text);
  const stage = findStage(stagesOf(all), label?.split(' ').at(-1));
  const counted = stage?.steps[Number(number) - 1];
  if (counted?.keyword === keyword.toUpperCase()) return cite(dockerfile, counted);
  const words = `${keyword} ${rest}`.replace(/\s+/g, ' ').trim();
  return cite(
    dockerfile,
    all.find((each) => each.full === words),
  );
}

/** The FROM line that names `image`, however much of the full name it leaves out. */
export function fromLine(dockerfile: Dockerfile, image: string): string | undefined {
  const all = instructionsOf(dockerfile.text);
  const names = (each: Instruction) =>
    each.full.split(' ').some((word) => refersTo(word.replace(/^--from=/, ''), image));
  return cite(
    dockerfile,
    all.find((each) => ['FROM', 'COPY'].includes(each.keyword) && names(each)),
  );
}

/** Cites a line by its number, as a parse error gives it. */
export function numberedLine(dockerfile: Dockerfile, number: number): string | undefined {
  const text = dockerfile.text.split('\n')[number - 1];
  return text === undefined ? undefined : `${dockerfile.path}:${number}: ${text.trim().slice(0, 300)}`;
}

function cite(dockerfile: Dockerfile, instruction: Instruction | undefined): string | undefined {
  return instruction && `${dockerfile.path}:${instruction.line}: ${instruction.text.slice(0, 300)}`;
}

const refersTo = (written: string, full: string) =>
  full === written ||
  full.endsWith(`/${written}`) ||
  full === `${written}:latest` ||
  full.endsWith(`/${written}:latest`);

const findStage = (stages: Stage[], name: string | undefined) =>
  name === undefined ? stages.at(-1) : stages.find((stage) => stage.name === name);

function stagesOf(instructions: Instruction[]): Stage[] {
  const stages: Stage[] = [];
  for (const each of instructions) {
    if (each.keyword === 'FROM') stages.push(openStage(each, stages));
    else if (['RUN', 'COPY', 'ADD', 'WORKDIR'].includes(each.keyword)) stages.at(-1)?.steps.push(each);
  }
  return stages;
}

/** FROM is a step of its own only where it names an image, not an earlier stage or nothing. */
function openStage(from: Instruction, earlier: Stage[]): Stage {
  const words = from.full.split(' ').filter((word) => !word.startsWith('--'));
  const base = words[1] ?? '';
  const alias = words[2]?.toUpperCase() === 'AS' ? words[3] : undefined;
  const isImage = base !== 'scratch' && !earlier.some((stage) => stage.name === base.toLowerCase());
  return { name: alias?.toLowerCase() ?? `stage-${earlier.length}`, steps: isImage ? [from] : [] };
}
