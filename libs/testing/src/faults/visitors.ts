import { setTimeout as delay } from 'node:timers/promises';
import { visit } from '../visit.js';

/** Somebody who asks for a service's page the whole time. */
export interface Visitors {
  /** From now on this text is right too. */
  expect(text: string): void;
  /** Whether the newest text has been seen. */
  readonly seen: string;
  /** Stops; answers how many asked and every answer that was wrong. */
  leave(): Promise<{ asked: number; wrong: string[] }>;
}

const pauseMs = 40;
const limitMs = 20_000;

/**
 * Asks until told to leave. Wrong is whatever is no 2xx, has another text than those expected, or an older one after a newer.
 * @param texts oldest first
 */
export function startVisitors(gatewayUrl: string, hostname: string, texts: string[]): Visitors {
  const expected = [...texts];
  const wrong: string[] = [];
  let asked = 0;
  let newest = 0;
  let leaving = false;

  const ask = async () => {
    const began = new Date().toISOString();
    const page = await Promise.race([
      visit(gatewayUrl, hostname),
      delay(limitMs, { status: 0, text: `no answer within ${limitMs} ms` }, { ref: false }),
    ]).catch((error: Error) => ({ status: 0, text: error.message }));
    asked += 1;
    const place = expected.indexOf(page.text);
    if (page.status < 200 || page.status > 299)
      wrong.push(`${began} ${hostname}: ${page.status} ${page.text.slice(0, 200)}`);
    else if (place < newest)
      wrong.push(`${began} ${hostname}: "${page.text.slice(0, 80)}" after "${expected[newest]}"`);
    else newest = place;
  };
  const running = (async () => {
    while (!leaving) {
      await ask();
      await delay(pauseMs);
    }
  })();
  return {
    expect: (text) => void (expected.includes(text) || expected.push(text)),
    get seen() {
      return expected[newest] ?? '';
    },
    async leave() {
      leaving = true;
      await running;
      return { asked, wrong };
    },
  };
}
