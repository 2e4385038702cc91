// A whole migration with the TypeScript client that openapi-typescript makes of openapi/openapi.json.
//
//   MAILFERRY_URL=… MAILFERRY_API_KEY=… MIGRATION='{"host": …}' node migrate.ts main
//   …                                                           node migrate.ts delta ORDER
//
// With WEBHOOKS='{"port": …}' it is told of every event meanwhile, and verifies what it is told.

import createClient from "openapi-fetch";

import type { components, paths } from "./api.d.ts";
import { type Listener, Webhooks } from "./webhooks.ts";

type Progress = components["schemas"]["Progress"];

/** What is moved: from and to accounts of the same password at one host. */
interface Migration {
  host: string;
  source_port: number;
  destination_port: number;
  source_user: string;
  destination_user: string;
  password: string;
}

const { MAILFERRY_URL, MAILFERRY_API_KEY, MIGRATION, WEBHOOKS } = process.env;
const migration = JSON.parse(MIGRATION ?? "") as Migration;
const api = createClient<paths>({
  baseUrl: MAILFERRY_URL ?? "",
  headers: { authorization: `Bearer ${MAILFERRY_API_KEY}` },
});

/** What was answered, or an error with the problem's own words. */
function good<T>(answer: { data?: T; error?: components["schemas"]["Problem"]; response: Response }): T {
  if (answer.error) throw new Error(`${answer.error.status} ${answer.error.code}: ${answer.error.detail}`);
  if (answer.data === undefined) throw new Error(`${answer.response.status} without a body`);
  return answer.data;
}

const later = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

async function createOrder(): Promise<string> {
  const service = good(await api.GET("/api/v1/service"));
  const { host, source_port, destination_port } = migration;
  // The key makes it safe to send again, whatever became of the first time.
  const request = {
    params: { header: { "Idempotency-Key": crypto.randomUUID() } },
    body: {
      accepted_terms: service.terms_version,
      source: { endpoint: { host, port: source_port, tls: "implicit" } },
      destination: { endpoint: { host, port: destination_port, tls: "implicit" } },
      options: { include_trash: true, include_junk: true },
    },
  } as const;
  const [first, second] = [good(await api.POST("/api/v1/orders", request)), good(await api.POST("/api/v1/orders", request))];
  if (first.id !== second.id) throw new Error("the same request has made two orders");
  return first.id;
}

async function addAccount(order_id: string): Promise<void> {
  const { source_user, destination_user, password } = migration;
  const params = { path: { order_id } };
  const body = { source: { user: source_user, password }, destination: { user: destination_user, password } };
  good(await api.POST("/api/v1/orders/{order_id}/accounts", { params, body }));
}

async function check(order_id: string): Promise<void> {
  const path = { order_id };
  let check = good(await api.POST("/api/v1/orders/{order_id}/checks", { params: { path }, body: {} }));
  while (!check.finished) {
    await later(300);
    const params = { path: { order_id, check_id: check.id } };
    check = good(await api.GET("/api/v1/orders/{order_id}/checks/{check_id}", { params }));
  }
  const bad = check.items.filter((item) => item.login !== "passed");
  if (bad.length > 0) throw new Error(`checks failed: ${JSON.stringify(bad)}`);
}

async function pay(order_id: string): Promise<void> {
  const batch = good(await api.POST("/api/v1/vouchers", { body: { pairs: 1 } }));
  const code = batch.items[0]?.code ?? "";
  good(await api.POST("/api/v1/orders/{order_id}/voucher", { params: { path: { order_id } }, body: { code } }));
}

/** Polls until the order rests; nothing is sent twice as long as it stays the same. */
async function watch(order_id: string): Promise<Progress> {
  let [etag, wait] = ["", 0];
  for (;;) {
    await later(wait);
    const params = { path: { order_id }, header: { "If-None-Match": etag } };
    const answer = await api.GET("/api/v1/orders/{order_id}/progress", { params });
    if (answer.response.status === 304) continue;
    const progress = good(answer);
    if (!["scheduled", "active"].includes(progress.state)) return progress;
    [etag, wait] = [answer.response.headers.get("etag") ?? "", Math.min(progress.poll_after_ms, 500)];
  }
}

/** Every account pair, page by page. */
async function accounts(order_id: string): Promise<components["schemas"]["AccountPair"][]> {
  const all: components["schemas"]["AccountPair"][] = [];
  let cursor: string | undefined;
  do {
    const params = { path: { order_id }, query: cursor ? { limit: 1, cursor } : { limit: 1 } };
    const page = good(await api.GET("/api/v1/orders/{order_id}/accounts", { params }));
    all.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return all;
}

async function report(order_id: string, progress: Progress, webhooks: string[] = []): Promise<void> {
  const protocols = [];
  for (const pair of await accounts(order_id)) {
    for (const run of pair.runs) {
      const params = { path: { order_id, pair_id: pair.id, run_id: run.id } };
      protocols.push(good(await api.GET("/api/v1/orders/{order_id}/accounts/{pair_id}/runs/{run_id}/protocol", { params })));
    }
  }
  const runs = protocols.map(({ run, folders }) => ({ kind: run.kind, state: run.state, folders: folders.length }));
  console.log(JSON.stringify({ order_id, state: progress.state, counts: progress.counts, runs, webhooks }));
}

const [phase, known] = process.argv.slice(2);
if (phase === "main") {
  const hooks = WEBHOOKS ? await Webhooks.listen(api, JSON.parse(WEBHOOKS) as Listener) : undefined;
  const order_id = await createOrder();
  await addAccount(order_id);
  await check(order_id);
  await pay(order_id);
  good(await api.POST("/api/v1/orders/{order_id}/start", { params: { path: { order_id } }, body: { kind: "main" } }));
  const progress = await watch(order_id);
  await report(order_id, progress, await hooks?.until("order.completed"));
} else {
  const order_id = known ?? "";
  good(await api.POST("/api/v1/orders/{order_id}/deltas", { params: { path: { order_id } }, body: {} }));
  await report(order_id, await watch(order_id));
}
