import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

export interface ProgramOptions extends Pick<SpawnOptions, 'cwd' | 'env'> {
  name: string;
  command: string;
  words: readonly string[];
  /** The file that its output is added to. */
  log: string;
}

/** A process that a test starts, hurts and starts again. */
export class Program {
  #child: ChildProcess | null = null;

  constructor(readonly options: ProgramOptions) {}

  get name(): string {
    return this.options.name;
  }

  /** 0 when it does not run. */
  get pid(): number {
    return this.runs ? (this.#child?.pid ?? 0) : 0;
  }

  get runs(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The exit code of the last run, or null: killed, running or never started. */
  get exitCode(): number | null {
    return this.#child?.exitCode ?? null;
  }

  start(): void {
    if (this.runs) throw new Error(`${this.name} runs already`);
    const { command, words, cwd, env, log } = this.options;
    const out = openSync(log, 'a');
    this.#child = spawn(command, words, { cwd, env, stdio: ['ignore', out, out] });
    closeSync(out);
  }

  /** SIGKILL: it gets to do nothing more. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** SIGTERM, and SIGKILL after a while. */
  async stop(limitMs = 20_000): Promise<void> {
    const kill = setTimeout(() => this.#child?.kill('SIGKILL'), limitMs);
    await this.#end('SIGTERM');
    clearTimeout(kill);
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async logTail(characters = 4_000): Promise<string> {
    return (await readFile(this.options.log, 'utf8').catch(() => '')).slice(-characters);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || !this.runs) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    if (signal !== 'SIGKILL') child.kill('SIGCONT');
    await exited;
  }
}
