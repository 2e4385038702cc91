// Programs that must not outlive us.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { createInterface } from "node:readline";

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Ends this program at Ctrl-C or SIGTERM, after everything it started: for scripts, not for tests. */
export function endWithSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      const ends = [...running].map(async (child) => {
        child.kill("SIGTERM");
        if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      });
      void Promise.race([Promise.all(ends), sleep(8000)]).then(() => process.exit(signal === "SIGINT" ? 130 : 143));
    });
  }
}

export interface StartOptions {
  env?: Record<string, string>;
  /** Its standard error, and its output unless somebody reads that, go to this file. */
  log?: string;
}

/** A program in the background. Its standard input is a pipe from us, so it can notice our end. */
export class Child {
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #name: string;
  #waiting: ((line: string) => void) | undefined;

  constructor(path: string, args: string[], options: StartOptions = {}) {
    this.#name = path.split("/").at(-1) ?? path;
    this.#process = spawn(path, args, { env: { ...process.env, ...options.env }, stdio: ["pipe", "pipe", "pipe"] });
    running.add(this.#process);
    this.#process.on("exit", () => running.delete(this.#process));
    const log = options.log ? createWriteStream(options.log, { flags: "a" }) : undefined;
    this.#process.stderr?.on("data", (chunk) => (log ? log.write(chunk) : process.stderr.write(chunk)));
    createInterface({ input: this.#process.stdout! }).on("line", (line) => {
      log?.write(`${line}\n`);
      if (this.#waiting) this.#waiting(line);
      else this.#lines.push(line);
    });
  }

  /** The next line of its output; fails if the program ends before. */
  async line(): Promise<string> {
    const ready = this.#lines.shift();
    if (ready !== undefined) return ready;
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error(`${this.#name} ended with ${this.#process.exitCode} before it said anything`));
      this.#process.once("exit", ended);
      this.#waiting = (line) => {
        this.#waiting = undefined;
        this.#process.off("exit", ended);
        resolve(line);
      };
    });
  }

  /** Says a line to its standard input. */
  say(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  /** True as long as it runs. */
  get alive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Sends a signal; SIGKILL is for crash tests. */
  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Waits for its end; gives the exit code, or null after a signal. */
  async ended(): Promise<number | null> {
    if (this.alive) await once(this.#process, "exit");
    return this.#process.exitCode;
  }

  /** Ends it in order, and by force after a while. */
  async stop(): Promise<void> {
    if (!this.alive) return;
    this.#process.kill("SIGTERM");
    const force = setTimeout(() => this.#process.kill("SIGKILL"), 10_000);
    await this.ended();
    clearTimeout(force);
  }
}

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. */
export async function run(path: string, args: string[], env: Record<string, string> = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 64 << 20 };
    const child = execFile(path, args, options, (error, stdout, stderr) => {
      if (error && typeof error.code !== "number") reject(error);
      else resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
    child.stdin?.end();
  });
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks again until `answer` gives something, or fails after `seconds`. */
export async function until<T>(what: string, seconds: number, answer: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await answer();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(200);
  }
}
