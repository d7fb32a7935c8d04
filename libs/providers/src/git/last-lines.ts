import type { Readable } from 'node:stream';

const maxLine = 300;
const maxLines = 100;
const maxKept = 8_000;

/**
 * Hands the first hundred whole lines of a stream to `onLine`, each as a terminal would show it at its end
 * and cut to 300 characters. Answers a function that tells the stream's last few thousand characters.
 */
export function lastLines(stream: Readable, onLine: (line: string) => void = () => undefined): () => string {
  let kept = '';
  let partial = '';
  let count = 0;
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    kept = (kept + chunk).slice(-maxKept);
    const lines = (partial + chunk).split('\n');
    partial = (lines.pop() ?? '').slice(-maxKept);
    for (const line of lines) {
      const shown = line.replace(/\r$/, '').split('\r').pop()?.trim().slice(0, maxLine);
      if (shown && count++ < maxLines) onLine(shown);
    }
  });
  return () => kept;
}
