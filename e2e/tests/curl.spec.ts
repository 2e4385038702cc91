// The public way with curl alone: no API key but for the voucher; the order's cookie in curl's cookie jar proves who
// one is. This is what the README shows.

import { join } from "node:path";

import type { Check, Order, Pair, Progress } from "../support/api.ts";
import { run, until } from "../support/child.ts";
import { workFolder } from "../support/paths.ts";
import { expect, test } from "./fixtures.ts";

test("an order can be driven from creation to a finished delta with curl", async ({ lab, service, operator }) => {
  const jar = join(workFolder("curl"), "cookies");
  const curl = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const data = body === undefined ? [] : ["--json", JSON.stringify(body)];
    const session = ["--silent", "--show-error", "--fail-with-body", "--cookie", jar, "--cookie-jar", jar];
    const result = await run("curl", [...session, "--request", method, ...data, `${service.url}/api/v1${path}`]);
    expect(result.code, `${method} ${path}: ${result.stdout} ${result.stderr}`).toBe(0);
    return (result.stdout === "" ? undefined : JSON.parse(result.stdout)) as T;
  };
  const rest = async (order: string): Promise<Progress> => {
    return until("the run ends", 120, async () => {
      const progress = await curl<Progress>("GET", `/orders/${order}/progress`);
      return ["scheduled", "active"].includes(progress.state) ? undefined : progress;
    });
  };

  const { host, source, destination, password, accounts } = lab.state;
  const account = accounts[4]!;
  const { terms_version } = await curl<{ terms_version: string }>("GET", "/service");
  const order = await curl<Order>("POST", "/orders", {
    accepted_terms: terms_version,
    source: { endpoint: { host, port: source.imaps_port, tls: "implicit" } },
    destination: { endpoint: { host, port: destination.imaps_port, tls: "implicit" } },
    options: { include_trash: true, include_junk: true },
  });
  const path = `/orders/${order.id}`;
  const pair = await curl<Pair>("POST", `${path}/accounts`, {
    source: { user: account.source_user, password },
    destination: { user: account.destination_user, password },
  });
  const { id } = await curl<Check>("POST", `${path}/checks`, {});
  const check = await until("the check ends", 120, async () => {
    const seen = await curl<Check>("GET", `${path}/checks/${id}`);
    return seen.finished ? seen : undefined;
  });
  expect(check.items.map((item) => item.login)).toEqual(["passed", "passed"]);
  await curl("POST", `${path}/voucher`, { code: await operator.voucher(1) });
  await curl("POST", `${path}/start`, { kind: "main" });
  expect((await rest(order.id)).state).toBe("completed");

  await lab.append(account, 2);
  await curl("POST", `${path}/deltas`, {});
  expect(await rest(order.id)).toMatchObject({ state: "completed", counts: { stored: 2, failed: 0, uncertain: 0 } });
  const { runs } = (await curl<{ items: Pair[] }>("GET", `${path}/accounts`)).items.find(({ id }) => id === pair.id)!;
  expect(runs.map(({ kind, state }) => `${kind} ${state}`)).toEqual(["main succeeded", "delta succeeded"]);
  const { perfect, counters } = await lab.compare(account);
  expect(perfect, JSON.stringify(counters)).toBe(true);
});
