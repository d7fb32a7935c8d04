import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { WorldError } from '@pierhead/model';
import { type Deferred, deferred } from './deferred.js';
import type { ProcessSpec } from './layout.js';
import { logPath, openLogFile } from './log-file.js';
import type { Notice, Order, RoleUrls } from './messages.js';
import { nextRestart } from './restart-policy.js';

export interface SupervisionOptions {
  logsDir: string;
  /** Tells the person at the terminal, in one line. */
  report(text: string): void;
}

/** One child process that is kept running from its first readiness until it is retired. */
export class SupervisedProcess {
  #child: ChildProcess;
  #waiting: { kind: Notice['kind']; role?: string; answer: Deferred<Notice> }[] = [];
  #start: Order | null = null;
  #wasReady = false;
  #retired = false;
  #deaths: number[] = [];
  #reason = '';

  constructor(
    readonly spec: ProcessSpec,
    private readonly options: SupervisionOptions,
  ) {
    this.#child = this.#spawn();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Starts the roles; answers where they are reached. Until then, an end of the process is an error. */
  async begin(order: Order): Promise<RoleUrls> {
    this.#start = order;
    const notice = await this.ask(order, 'ready');
    this.#wasReady = true;
    return notice.kind === 'ready' ? notice.urls : {};
  }

  /** Sends an order and waits for its answer. Throws what the process failed with. */
  async ask(order: Order, kind: Notice['kind'], role?: string): Promise<Notice> {
    const answer = deferred<Notice>();
    this.#waiting.push({ kind, role, answer });
    if (this.#alive()) this.#child.send(order, () => {});
    else answer.reject(this.#failure());
    return answer.promise;
  }

  /** Starts afresh after a failed begin. */
  async renew(): Promise<void> {
    await this.end(0);
    this.#reason = '';
    this.#child = this.#spawn();
  }

  /** From now on the process may end. */
  retire(): void {
    this.#retired = true;
  }

  /** Stops one role; a process without roles left ends by itself. An end of the process is fine too. */
  async stopRole(role: string, limitMs: number): Promise<void> {
    if (!this.#alive() || limitMs <= 0) return;
    await within(limitMs, this.ask({ kind: 'stop', role }, 'stopped', role));
  }

  /** Waits for the end of the process, then ends it and whatever it started. */
  async end(limitMs: number): Promise<void> {
    if (this.#alive() && limitMs > 0) await within(limitMs, once(this.#child, 'exit'));
    const gone = this.#alive() ? once(this.#child, 'exit') : null;
    killGroup(this.#child.pid);
    await gone;
  }

  #alive(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  #spawn(): ChildProcess {
    const { name, entry, roles, nodeFlags = [] } = this.spec;
    const log = openLogFile(this.options.logsDir, name);
    // Detached: a Ctrl-C in the terminal must reach the supervisor alone, which then stops all in order.
    const child = spawn(process.execPath, [...nodeFlags, entry, ...roles], {
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    child.on('message', (notice: Notice) => this.#hear(notice));
    child.on('error', (error) => {
      this.#reason = error.message;
    });
    child.once('exit', (code, signal) => this.#ended(signal ? `signal ${signal}` : `code ${code}`));
    return child;
  }

  #hear(notice: Notice): void {
    if (notice.kind === 'failed') {
      this.#reject(new WorldError(notice.code, notice.message, { hint: notice.hint }));
      return;
    }
    const role = notice.kind === 'stopped' ? notice.role : undefined;
    const met = this.#waiting.filter((each) => each.kind === notice.kind && each.role === role);
    this.#waiting = this.#waiting.filter((each) => !met.includes(each));
    for (const each of met) each.answer.resolve(notice);
    if (notice.kind === 'ready' && met.length === 0) this.options.report(`${this.spec.name} is back`);
  }

  #reject(error: WorldError): void {
    this.#reason = error.message;
    for (const { answer } of this.#waiting.splice(0)) answer.reject(error);
  }

  #failure(): WorldError {
    const { name } = this.spec;
    const message = this.#reason || `The ${name} process ended before it was ready.`;
    return new WorldError('process_ended', message, { hint: `Its log is ${logPath(this.options.logsDir, name)}.` });
  }

  #ended(how: string): void {
    killGroup(this.#child.pid);
    for (const { answer } of this.#waiting.splice(0)) answer.reject(this.#failure());
    if (this.#wasReady && !this.#retired) void this.#restart(how);
  }

  async #restart(how: string): Promise<void> {
    this.#deaths.push(Date.now());
    const { waitMs, count, looping } = nextRestart(this.#deaths, Date.now());
    const { name } = this.spec;
    const log = logPath(this.options.logsDir, name);
    if (!looping) this.options.report(`${name} ended (${how}); starting it again`);
    else if (looping === 'now')
      this.options.report(`${name} keeps ending (${count} times): ${this.#reason || how}; see ${log}`);
    await delay(waitMs, undefined, { ref: false });
    if (this.#retired) return;
    this.#reason = '';
    this.#child = this.#spawn();
    if (this.#start) this.#child.send(this.#start, () => {});
  }
}

async function within(limitMs: number, promise: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  const limit = delay(limitMs, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([promise.catch(() => {}), limit]);
  timer.abort();
}

/** The process and whatever it left behind in its group. */
function killGroup(pid: number | undefined): void {
  try {
    if (pid) process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is empty.
  }
}
