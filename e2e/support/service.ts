// The service under test, with a folder of its own.

import { createServer } from "node:net";
import { join } from "node:path";

import { Child, run, until } from "./child.ts";
import type { Lab } from "./lab.ts";
import { program, workFolder } from "./paths.ts";

export interface ServiceOptions {
  lab: Lab;
  /** Its database and keys; a new temporary folder if absent. */
  dir?: string;
  /** A free one if absent. */
  port?: number;
  /** Ports that may be connected to besides the lab's: of servers of a test's own. */
  openPorts?: number[];
  /** More settings. */
  env?: Record<string, string>;
}

export class Service {
  /** Address of the page, without a slash at its end. */
  readonly url: string;
  readonly dir: string;
  readonly env: Record<string, string>;
  #child: Child | undefined;

  private constructor(url: string, dir: string, env: Record<string, string>) {
    this.url = url;
    this.dir = dir;
    this.env = env;
  }

  /** Starts it and waits until it is ready. */
  static async start(options: ServiceOptions): Promise<Service> {
    const dir = options.dir ?? workFolder("service");
    const port = options.port ?? (await freePort());
    const url = `http://127.0.0.1:${port}`;
    const service = new Service(url, dir, { ...settings(options, dir, port), MAILFERRY_PUBLIC_URL: url, ...options.env });
    await service.startAgain();
    return service;
  }

  async startAgain(): Promise<void> {
    this.#child = new Child(program("mailferry"), ["serve"], { env: this.env, log: this.log });
    const child = this.#child;
    await until("the service becomes ready", 120, async () => {
      if (!child.alive) throw new Error(`the service ended; see ${this.log}`);
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      return answer?.ok ? true : undefined;
    });
  }

  get log(): string {
    return join(this.dir, "service.log");
  }

  async stop(): Promise<void> {
    await this.#child?.stop();
  }

  /** A further process of the service on the same database. */
  worker(): Child {
    const env = { ...this.env, MAILFERRY_WORKERS: "2" };
    return new Child(program("mailferry"), ["worker"], { env, log: join(this.dir, "worker.log") });
  }

  /** Makes the first operator; gives an API key that may do everything. */
  async operatorKey(): Promise<string> {
    const result = await run(program("mailferry"), ["admin", "create-operator", "--json"], this.env);
    if (result.code !== 0) throw new Error(`create-operator: ${result.stderr}`);
    return (JSON.parse(result.stdout) as { api_key: string }).api_key;
  }
}

function settings({ lab, openPorts = [] }: ServiceOptions, dir: string, port: number): Record<string, string> {
  const { source, destination, smtp_port, closed_port, ca_file, dns } = lab.state;
  const ports = [source.imap_port, source.imaps_port, destination.imap_port, destination.imaps_port];
  return {
    MAILFERRY_LISTEN: `127.0.0.1:${port}`,
    DATABASE_URL: `sqlite://${join(dir, "mailferry.sqlite")}`,
    MAILFERRY_SEALING_KEY_FILE: join(dir, "sealing.key"),
    MAILFERRY_SMTP_URL: `smtp://127.0.0.1:${smtp_port}`,
    MAILFERRY_MAIL_FROM: "Mailferry <mailferry@service.example>",
    MAILFERRY_CA_FILE: ca_file,
    // The lab's servers are on loopback, which the address guard refuses otherwise.
    MAILFERRY_ALLOW_NETWORKS: "127.0.0.0/8,::1/128",
    MAILFERRY_ALLOW_PORTS: [...ports, ...openPorts, smtp_port, closed_port].join(","),
    MAILFERRY_DNS: dns,
    // A browser may say where it comes from: see `signIn`.
    MAILFERRY_TRUST_PROXY: "127.0.0.0/8",
  };
}

/** A port that nothing listens on at the moment: `wanted`, or any below those that Linux gives to clients (from 32768). */
export async function freePort(wanted?: number): Promise<number> {
  for (let tries = 0; ; tries += 1) {
    const port = wanted ?? 20_000 + Math.floor(Math.random() * 12_000);
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (free) return port;
    if (wanted !== undefined || tries >= 100) throw new Error(`port ${port} is not free`);
  }
}
