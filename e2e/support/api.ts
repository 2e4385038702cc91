// The REST API as a client sees it; the shapes are those of openapi/openapi.json, as far as they are used here.

import { sleep, until } from "./child.ts";

export interface Endpoint {
  host: string;
  port: number;
  tls?: "implicit" | "starttls" | "plaintext";
}

export interface SideInput {
  user: string;
  password?: string;
  act_for?: string;
  endpoint?: Endpoint;
}

export interface Finding {
  severity: "error" | "warning";
  code: string;
  message: string;
  next_step: string;
}

export interface Counts {
  listed: number;
  listed_bytes: number;
  stored: number;
  stored_bytes: number;
  present: number;
  duplicates: number;
  skipped: number;
  failed: number;
  uncertain: number;
}

export interface Run {
  id: string;
  pair_id: string;
  number: number;
  kind: "trial" | "main" | "delta";
  state: "queued" | "running" | "paused" | "succeeded" | "partial" | "failed" | "cancelled";
  counts: Counts;
  finding?: Finding;
}

export interface Side {
  user: string;
  login: "unchecked" | "checking" | "passed" | "failed";
  findings: Finding[];
  survey?: { folders: number; messages: number; size_bytes: number; free_bytes?: number };
}

export interface Pair {
  id: string;
  ticked: boolean;
  source: Side;
  destination: Side;
  runs: Run[];
}

export interface Order {
  id: string;
  state: string;
  manage_url?: string;
  actions: string[];
  totals: { pairs: number; messages: number; size_bytes: number; estimated_seconds?: number };
}

export interface Check {
  id: string;
  logins_finished: boolean;
  finished: boolean;
  items: { pair_id: string; side: "source" | "destination"; user: string; login: string; findings: Finding[] }[];
}

export interface Progress {
  state: string;
  counts: Counts;
  messages_per_second?: number;
  bytes_per_second?: number;
  pairs: { pair_id: string; source: string; destination: string; run?: Run }[];
  actions: string[];
  poll_after_ms: number;
}

export interface Protocol {
  run: Run;
  folders: { source: string; destination: string; counts: Counts }[];
  notes: Finding[];
  items: { outcome: string; folder: string; uid: number; code?: string }[];
  items_total: number;
}

export interface Problem {
  status: number;
  code: string;
  detail: string;
  errors?: { pointer: string; message: string }[];
}

/** An answer that says what went wrong. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(what: string, problem: Problem) {
    super(`${what}: ${problem.status} ${problem.code}: ${problem.detail} ${JSON.stringify(problem.errors ?? [])}`);
    this.problem = problem;
  }
}

export class Api {
  readonly #base: string;
  readonly #key: string;

  constructor(serviceUrl: string, key: string) {
    this.#base = `${serviceUrl}/api/v1`;
    this.#key = key;
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#key}` };
    if (body !== undefined) headers["content-type"] = "application/json";
    const request: RequestInit = { method, headers };
    if (body !== undefined) request.body = JSON.stringify(body);
    const answer = await fetch(this.#base + path, request);
    const text = await answer.text();
    if (!answer.ok) throw new ProblemError(`${method} ${path}`, problem(answer.status, text));
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  async termsVersion(): Promise<string> {
    return (await this.call<{ terms_version: string }>("GET", "/service")).terms_version;
  }

  async createOrder(order: Record<string, unknown>): Promise<Order> {
    return this.call("POST", "/orders", { accepted_terms: await this.termsVersion(), ...order });
  }

  async addAccount(order: string, source: SideInput, destination: SideInput): Promise<Pair> {
    return this.call("POST", `/orders/${order}/accounts`, { source, destination });
  }

  async accounts(order: string): Promise<Pair[]> {
    return (await this.call<{ items: Pair[] }>("GET", `/orders/${order}/accounts`)).items;
  }

  /** Checks every ticked pair and waits for the result, the counting included. */
  async check(order: string): Promise<Check> {
    const { id } = await this.call<Check>("POST", `/orders/${order}/checks`, {});
    return until("the check ends", 300, async () => {
      const check = await this.call<Check>("GET", `/orders/${order}/checks/${id}`);
      return check.finished ? check : undefined;
    });
  }

  async voucher(pairs: number): Promise<string> {
    const batch = await this.call<{ items: { code: string }[] }>("POST", "/vouchers", { pairs });
    const first = batch.items[0];
    if (!first) throw new Error("no voucher came back");
    return first.code;
  }

  async redeem(order: string, code: string): Promise<Order> {
    return this.call("POST", `/orders/${order}/voucher`, { code });
  }

  async start(order: string, kind: "main" | "trial" = "main"): Promise<Order> {
    return this.call("POST", `/orders/${order}/start`, { kind });
  }

  async delta(order: string): Promise<{ id: string }> {
    return this.call("POST", `/orders/${order}/deltas`, {});
  }

  async protocol(order: string, run: Run): Promise<Protocol> {
    return this.call("GET", `/orders/${order}/accounts/${run.pair_id}/runs/${run.id}/protocol`);
  }

  /** Polls until the order rests; shows every change of progress to `watch`. */
  async watch(order: string, watch: (progress: Progress) => void, seconds = 600): Promise<Progress> {
    const deadline = Date.now() + seconds * 1000;
    let etag = "";
    for (;;) {
      const headers = { authorization: `Bearer ${this.#key}`, "if-none-match": etag };
      const answer = await fetch(`${this.#base}/orders/${order}/progress`, { headers });
      if (answer.status !== 304) {
        const text = await answer.text();
        if (!answer.ok) throw new ProblemError("progress", problem(answer.status, text));
        etag = answer.headers.get("etag") ?? "";
        const progress = JSON.parse(text) as Progress;
        watch(progress);
        if (["completed", "cancelled", "closed", "paused", "awaiting_payment"].includes(progress.state)) return progress;
      }
      if (Date.now() > deadline) throw new Error(`the order does not come to rest within ${seconds} s`);
      await sleep(500);
    }
  }
}

function problem(status: number, text: string): Problem {
  try {
    return JSON.parse(text) as Problem;
  } catch {
    return { status, code: "no_problem_document", detail: text.slice(0, 200) };
  }
}
