// The lab: two real Dovecot servers with sample mailboxes, a mail sink and a name server (e2e/lab).

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { Child, run, until } from "./child.ts";
import { program } from "./paths.ts";

export interface LabAccount {
  source_user: string;
  destination_user: string;
  messages: number;
  size_bytes: number;
  folders: number;
}

export interface Ports {
  /** Plaintext and STARTTLS. */
  imap_port: number;
  /** Implicit TLS. */
  imaps_port: number;
}

interface LabState {
  password: string;
  master_user: string;
  master_password: string;
  host: string;
  mismatch_host: string;
  closed_port: number;
  ca_file: string;
  source: Ports;
  destination: Ports;
  smtp_port: number;
  /** Address and port of the name server. */
  dns: string;
  /** Rights in folders of the destination, \`Safe owner lr\` a line. */
  rights_file: string;
  mail_dir: string;
  accounts: LabAccount[];
}

/** A name and all its records. */
export interface Name {
  name: string;
  /** Seconds that they may be kept; an hour if absent. */
  ttl?: number;
  addresses?: string[];
  /** Mail exchangers, best first. */
  mx?: string[];
  /** Ports and hosts. */
  srv?: [number, string][];
  texts?: string[];
}

/** A mail that the service has sent. */
export interface Mail {
  file: string;
  envelope_from: string;
  envelope_to: string[];
  subject: string;
  text: string;
  html: string;
}

/** Counters of the comparison; see e2e/lab/src/compare.rs. */
export type Differences = Record<string, number> & { details?: string[] };

export interface Comparison {
  perfect: boolean;
  counters: Differences;
}

export interface CompareOptions {
  leaveOut?: string[];
  /** Folders that were renamed, by their old names. */
  renamed?: Record<string, string>;
  details?: number;
}

export class Lab {
  readonly state: LabState;
  readonly #child: Child;

  private constructor(child: Child, state: LabState) {
    this.#child = child;
    this.state = state;
  }

  /**
   * Starts the servers; `sample` is the first account's mailbox, the others get small ones. With `dir`, their mail and
   * logs lie there and stay.
   */
  static async start(options: { sample?: string; accounts?: number; dir?: string } = {}): Promise<Lab> {
    const args = ["up", "--sample", options.sample ?? "small", "--accounts", String(options.accounts ?? 3)];
    if (options.dir) args.push("--dir", options.dir);
    const child = new Child(program("lab"), args);
    return new Lab(child, JSON.parse(await child.line()) as LabState);
  }

  async stop(): Promise<void> {
    await this.#child.stop();
  }

  /** Compares an account's two mailboxes message by message. */
  async compare(account: LabAccount, options: CompareOptions = {}): Promise<Comparison> {
    const ends = [
      String(this.state.source.imap_port),
      account.source_user,
      String(this.state.destination.imap_port),
      account.destination_user,
    ];
    const leaveOut = (options.leaveOut ?? []).flatMap((folder) => ["--leave-out", folder]);
    const renamed = Object.entries(options.renamed ?? {}).flatMap(([old, name]) => ["--rename", `${old}=${name}`]);
    const details = ["--details", String(options.details ?? 5)];
    const result = await run(program("lab"), ["compare", ...ends, ...leaveOut, ...renamed, ...details]);
    if (result.code > 1) throw new Error(result.stderr);
    return { perfect: result.code === 0, counters: JSON.parse(result.stdout) as Differences };
  }

  /** Messages per folder of an account's source. */
  async count(account: LabAccount): Promise<Record<string, number>> {
    const result = await run(program("lab"), ["count", String(this.state.source.imap_port), account.source_user]);
    if (result.code !== 0) throw new Error(result.stderr);
    return JSON.parse(result.stdout) as Record<string, number>;
  }

  /** Lets new messages arrive in the INBOX of an account's source. */
  async append(account: LabAccount, count: number): Promise<void> {
    const args = ["append", String(this.state.source.imap_port), account.source_user, "--count", String(count)];
    const result = await run(program("lab"), args);
    if (result.code !== 0) throw new Error(result.stderr);
  }

  /** From now on a name has exactly these records. */
  async name(name: Name): Promise<void> {
    this.#child.say(JSON.stringify(name));
    const answer = JSON.parse(await this.#child.line()) as { set?: string; error?: string };
    if (answer.set !== name.name) throw new Error(answer.error ?? "the name server set another name");
  }

  /** Every mail that has arrived at the sink, oldest first. */
  mails(): Mail[] {
    const files = readdirSync(this.state.mail_dir).filter((name) => name.endsWith(".json")).sort();
    return files.map((name) => JSON.parse(readFileSync(join(this.state.mail_dir, name), "utf8")) as Mail);
  }

  /** Waits for a mail that fits. */
  async mail(what: string, fits: (mail: Mail) => boolean): Promise<Mail> {
    return until(`a mail: ${what}`, 60, async () => this.mails().find(fits));
  }
}
