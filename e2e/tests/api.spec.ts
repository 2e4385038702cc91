// The whole way through the API alone, and what it says to wrong input.

import { Api, ProblemError } from "../support/api.ts";
import { expect, test } from "./fixtures.ts";

/** The problem that a call ends with. */
async function problem(call: Promise<unknown>): Promise<{ status: number; code: string; pointers: string[] }> {
  const error = await call.then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(ProblemError);
  const { status, code, errors } = (error as ProblemError).problem;
  return { status, code, pointers: (errors ?? []).map((field) => field.pointer) };
}

test("an order goes from creation to a finished delta", async ({ lab, operator }) => {
  const { host, source, destination, password, accounts } = lab.state;
  const account = accounts[5]!;
  const order = await operator.createOrder({
    source: { endpoint: { host, port: source.imap_port, tls: "starttls" } },
    destination: { endpoint: { host, port: destination.imaps_port, tls: "implicit" } },
    options: { include_trash: true, include_junk: true },
  });
  await operator.addAccount(
    order.id,
    { user: account.source_user, password },
    { user: account.destination_user, password },
  );
  const check = await operator.check(order.id);
  expect(check.items.map((item) => item.login)).toEqual(["passed", "passed"]);
  expect((await operator.accounts(order.id))[0]?.source.survey?.messages).toBe(account.messages);

  const waiting = await operator.start(order.id);
  expect(waiting.state).toBe("awaiting_payment");
  await operator.redeem(order.id, await operator.voucher(1));
  const main = await operator.watch(order.id, () => {});
  expect(main.state).toBe("completed");
  expect(main.counts).toMatchObject({ stored: account.messages, failed: 0, uncertain: 0 });
  expect((await lab.compare(account)).counters).toMatchObject({ missing: 0, extra: 0 });

  await lab.append(account, 3);
  await operator.delta(order.id);
  const delta = await operator.watch(order.id, () => {});
  expect(delta.counts).toMatchObject({ stored: 3, present: account.messages, failed: 0, uncertain: 0 });
  const comparison = await lab.compare(account);
  expect(comparison.perfect, JSON.stringify(comparison.counters)).toBe(true);

  const runs = (await operator.accounts(order.id))[0]!.runs;
  expect(runs.map((run) => run.kind)).toEqual(["main", "delta"]);
  const protocol = await operator.protocol(order.id, runs[0]!);
  expect(protocol.folders).toHaveLength(account.folders);
  expect(protocol.items_total).toBe(0);
});

test("every way in which a login can fail has its own finding", async ({ lab, operator }) => {
  const { host, mismatch_host, source, password, closed_port, smtp_port } = lab.state;
  const order = await operator.createOrder({});
  const endpoint = { host, port: source.imaps_port, tls: "implicit" };
  const cases: [string, object, string][] = [
    ["wrong_password", endpoint, "wrong"],
    ["unknown_host", { ...endpoint, host: "no-such-host.invalid" }, password],
    ["connection_refused", { ...endpoint, port: closed_port }, password],
    ["port_refused", { ...endpoint, port: 25 }, password],
    ["certificate_mismatch", { ...endpoint, host: mismatch_host }, password],
    ["not_imap", { host, port: smtp_port, tls: "starttls" }, password],
  ];
  for (const [code, side, secret] of cases) {
    await operator.call("POST", `/orders/${order.id}/accounts`, {
      source: { user: `${code}@old.example`, password: secret, endpoint: side },
      destination: { user: `${code}@new.example`, password, endpoint },
    });
  }
  const check = await operator.check(order.id);
  const found = check.items.filter((item) => item.side === "source").map((item) => item.findings[0]?.code);
  expect(found).toEqual(cases.map(([code]) => code));
});

test("wrong requests are refused with a stable code", async ({ operator, service }) => {
  const order = await operator.createOrder({});
  const path = `/orders/${order.id}`;
  expect(await problem(operator.call("PATCH", path, { colour: "red" }))).toMatchObject({ status: 422, code: "invalid_field" });
  expect(await problem(operator.call("POST", `${path}/imports`, { content: "" }))).toMatchObject({ code: "file_empty" });
  expect(await problem(operator.call("POST", `${path}/voucher`, { code: "MF-WRONG" }))).toMatchObject({ code: "voucher_invalid" });
  expect(await problem(operator.call("POST", `${path}/start`, {}))).toMatchObject({ status: 409, code: "nothing_ticked" });
  const nobody = new Api(service.url, "mf_live_nobody");
  expect(await problem(nobody.call("GET", path))).toMatchObject({ status: 401 });
});
