/** One way of doing the measured work; `run` answers its cost, in milliseconds unless the table says otherwise. */
export interface Contender {
  name: string;
  run(round: number): Promise<number>;
}

export interface Row {
  name: string;
  median: number;
  min: number;
  max: number;
  /** Against the first contender, round by round: median, least and most. */
  ratio: { median: number; min: number; max: number };
}

export interface Table {
  title: string;
  unit: string;
  rounds: number;
  rows: Row[];
  note?: string;
}

const sorted = (values: number[]) => [...values].sort((a, b) => a - b);

export function median(values: number[]): number {
  const order = sorted(values);
  const middle = Math.floor(order.length / 2);
  return order.length % 2 === 1 ? order[middle]! : (order[middle - 1]! + order[middle]!) / 2;
}

const spread = (values: number[]) => ({ median: median(values), min: Math.min(...values), max: Math.max(...values) });

/** Runs the contenders in turn, A B C A B C …, so that a machine whose speed drifts slows all alike. The first is the yardstick. */
export async function interleave(
  title: string,
  unit: string,
  contenders: Contender[],
  rounds: number,
  warmups = 2,
): Promise<Table> {
  const figures = contenders.map(() => [] as number[]);
  for (let round = -warmups; round < rounds; round += 1) {
    for (const [index, contender] of contenders.entries()) {
      const cost = await contender.run(round + warmups);
      if (round >= 0) figures[index]!.push(cost);
    }
    process.stderr.write('.');
  }
  process.stderr.write('\n');
  return tableOf(
    title,
    unit,
    contenders.map(({ name }, index) => ({ name, figures: figures[index]! })),
  );
}

/** What was measured round by round, each against the first. */
export function tableOf(title: string, unit: string, measured: { name: string; figures: number[] }[]): Table {
  const yardstick = measured[0]?.figures ?? [];
  const rows = measured.map(({ name, figures }) => ({
    name,
    ...spread(figures),
    ratio: spread(figures.map((value, round) => value / yardstick[round]!)),
  }));
  return { title, unit, rounds: yardstick.length, rows };
}

/** The milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

const number = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2));

/** The table as text. */
export function printed({ title, unit, rounds, rows, note }: Table): string {
  const width = Math.max(...rows.map((row) => row.name.length));
  const lines = rows.map(
    ({ name, median, min, max, ratio }) =>
      `  ${name.padEnd(width)}  ${number(median).padStart(8)} (${number(min)}–${number(max)})   × ${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`,
  );
  const count = rounds > 1 ? `, ${rounds} rounds interleaved` : '';
  return [
    `${title} [${unit}${count}: median (min–max), × the first]`,
    ...lines,
    ...(note ? [`  ${note}`] : []),
    '',
  ].join('\n');
}
