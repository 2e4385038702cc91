// `make schemathesis`: requests made up from the document, sane and insane, go to a started service; every answer must
// be what the document says. SCHEMATHESIS_SECONDS bounds it, SCHEMATHESIS_SEED repeats a run.

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { Api, type Pair } from "./support/api.ts";
import { endWithSignals } from "./support/child.ts";
import { Lab } from "./support/lab.ts";
import { root, workFolder } from "./support/paths.ts";
import { Service } from "./support/service.ts";
import { say } from "./support/terminal.ts";

const seconds = process.env.SCHEMATHESIS_SECONDS ?? "90";
// CI repeats the same run: what it finds must be due to a change.
const seed = process.env.SCHEMATHESIS_SEED ?? (process.env.CI ? "1" : String(Math.floor(Math.random() * 1e9)));

/** An order with a pair, a check, a run and a verification, and a request, so that made-up requests find something. */
async function something(api: Api, lab: Lab): Promise<Record<string, string>> {
  const { host, source, destination, accounts, password } = lab.state;
  const endpoint = (port: number): object => ({ endpoint: { host, port, tls: "implicit" } });
  const order = await api.createOrder({ source: endpoint(source.imaps_port), destination: endpoint(destination.imaps_port) });
  const { source_user, destination_user } = accounts[0]!;
  const pair = await api.addAccount(order.id, { user: source_user, password }, { user: destination_user, password });
  const check = await api.check(order.id);
  await api.redeem(order.id, await api.voucher(1));
  await api.start(order.id);
  await api.watch(order.id, () => {});
  const delta = await api.delta(order.id);
  await api.watch(order.id, () => {});
  const verification = await api.call<{ id: string }>("POST", `/orders/${order.id}/verifications`, {});
  const request = await requested(api);
  const { runs } = (await api.accounts(order.id))[0] as Pair;
  return {
    order_id: order.id,
    pair_id: pair.id,
    check_id: check.id,
    run_id: runs[0]!.id,
    delta_id: delta.id,
    verification_id: verification.id,
    ...request,
  };
}

/** A request to the operator, with a file. */
async function requested(api: Api): Promise<Record<string, string>> {
  const { request } = await api.call<{ request: { id: string; attachments: { id: string }[] } }>("POST", "/requests", {
    accepted_terms: await api.termsVersion(),
    accounts: { content: "anna@old.example;secret;imap.old.example\r\n", layout: "request" },
    wished_start: new Date(Date.now() + 72 * 3_600_000).toISOString(),
    contact_address: "anna@example.org",
    attachments: [{ name: "contacts.vcf", content: btoa("BEGIN:VCARD\r\nFN:Anna\r\nEND:VCARD\r\n") }],
  });
  return { request_id: request.id, attachment_id: request.attachments[0]!.id };
}

function configuration(key: string, ids: Record<string, string>): string {
  return [
    // It knows by this which proof is right, and tries wrong ones.
    `[auth.openapi.api_key]\nbearer = "${key}"`,
    // The document says what an operation takes; whether an order's state allows it, only the order knows.
    "[checks]\npositive_data_acceptance.enabled = false\nensure_resource_availability.enabled = false",
    "[parameters]",
    ...Object.entries(ids).map(([name, id]) => `"path.${name}" = "${id}"`),
    // What it finds must stay there for the others.
    '[[operations]]\ninclude-operation-id = "deleteOrder"\nparameters = { "path.order_id" = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0009" }',
    '[[operations]]\ninclude-operation-id = "cancelOrder"\nparameters = { "path.order_id" = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0009" }',
    // Whatever is no notification about a payment of ours is answered alike and forgotten.
    '[[operations]]\ninclude-operation-id = "takePaypalEvent"\nchecks = { negative_data_rejection = { enabled = false } }',
    "",
  ].join("\n");
}

async function main(): Promise<void> {
  const lab = await Lab.start({ accounts: 1 });
  let service: Service | undefined;
  try {
    service = await Service.start({ lab, env: { MAILFERRY_RATE_FACTOR: "10000", MAILFERRY_WORKERS: "1" } });
    const key = await service.operatorKey();
    const dir = workFolder("schemathesis");
    const file = join(dir, "schemathesis.toml");
    writeFileSync(file, configuration(key, await something(new Api(service.url, key), lab)));
    say(`Seed ${seed}, ${seconds} s`);
    process.exitCode = await run(dir, ["--config-file", file, "run", `${service.url}/api/openapi.json`, ...options()]);
  } finally {
    await service?.stop();
    await lab.stop();
  }
}

function options(): string[] {
  const time = ["--max-time", seconds, "--seed", seed, "--workers", "2"];
  const phases = ["--phases", "examples,coverage,fuzzing"];
  return [...time, ...phases, "--warnings", "off"];
}

function run(cwd: string, args: string[]): Promise<number> {
  const child = spawn(join(root, "e2e", ".venv", "bin", "schemathesis"), args, {
    cwd,
    stdio: ["ignore", "inherit", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

endWithSignals();
main().catch((error: unknown) => {
  say(`schemathesis: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
