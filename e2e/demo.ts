// `make demo`: two real mail servers, the service, and one order from its creation to the proof that all arrived.
//
// With DEMO_ONCE=1 it ends by itself; the exit code is 0 only if every message arrived, byte for byte.

import { Api, type Pair } from "./support/api.ts";
import { endWithSignals, sleep } from "./support/child.ts";
import { Lab, type LabAccount } from "./support/lab.ts";
import { workFolder } from "./support/paths.ts";
import { Service, freePort } from "./support/service.ts";
import { bytes, progressLine, say, sayLive, table } from "./support/terminal.ts";

const once = process.env.DEMO_ONCE === "1";
const NEW_MESSAGES = 5;

async function main(): Promise<number> {
  say("Starting two Dovecot servers with sample mailboxes …");
  const lab = await Lab.start({ sample: process.env.DEMO_SAMPLE ?? "demo" });
  let service: Service | undefined;
  try {
    const dir = workFolder("demo");
    service = await Service.start({ lab, dir, port: await freePort(8080).catch(() => freePort()) });
    introduce(lab, service);
    const api = new Api(service.url, await service.operatorKey());
    const order = await prepare(api, lab);
    const arrived = await migrate(api, lab, order);
    const { manage_url } = await api.call<{ manage_url?: string }>("GET", `/orders/${order}`);
    farewell(lab, service, manage_url);
    // Ctrl-C ends it.
    while (!once) await sleep(60_000);
    return arrived ? 0 : 1;
  } finally {
    await service?.stop();
    await lab.stop();
  }
}

function introduce(lab: Lab, service: Service): void {
  const { host, source, destination, mail_dir } = lab.state;
  say(`  old server   ${host}:${source.imaps_port} (TLS)`);
  say(`  new server   ${host}:${destination.imap_port} (STARTTLS)`);
  say(`  mail sink    ${mail_dir}`);
  say(`  service      ${service.url}, its data in ${service.dir}`);
  say();
}

/** Creates an order with all accounts, checks it and pays for it; gives its number. */
async function prepare(api: Api, lab: Lab): Promise<string> {
  const { host, source, destination, accounts, password } = lab.state;
  const created = await api.createOrder({
    notify_address: "owner@customer.example",
    source: { endpoint: { host, port: source.imaps_port, tls: "implicit" } },
    destination: { endpoint: { host, port: destination.imap_port, tls: "starttls" } },
    options: { include_trash: true, include_junk: true },
  });
  say(`Order ${created.id}`);
  for (const account of accounts) {
    await api.addAccount(
      created.id,
      { user: account.source_user, password },
      { user: account.destination_user, password },
    );
  }
  say("Checking the logins and counting …");
  const check = await api.check(created.id);
  const bad = check.items.filter((item) => item.login !== "passed");
  for (const item of bad) say(`  ${item.user}: ${item.findings.map((finding) => finding.message).join(" ")}`);
  if (bad.length > 0) throw new Error(`${bad.length} logins failed`);
  say(surveyTable(await api.accounts(created.id)));
  await api.redeem(created.id, await api.voucher(accounts.length));
  say("  a voucher pays for it");
  say();
  return created.id;
}

function surveyTable(pairs: Pair[]): string {
  const rows = pairs.map((pair) => {
    const survey = pair.source.survey;
    const size = survey ? bytes(survey.size_bytes) : "?";
    return [pair.source.user, pair.destination.user, survey?.folders ?? 0, survey?.messages ?? 0, size];
  });
  return table([["old account", "new account", "folders", "messages", "size"], ...rows]);
}

/** Main run, new mail at the source, delta; compares after each. True if nothing is missing and nothing too much. */
async function migrate(api: Api, lab: Lab, order: string): Promise<boolean> {
  say("Main run");
  const started = Date.now();
  await api.start(order);
  const main = await api.watch(order, (progress) => sayLive(progressLine(progress)));
  say(progressLine(main));
  say(`  took ${((Date.now() - started) / 1000).toFixed(1)} s`);
  const first = await verify(api, lab, order);
  const [account] = lab.state.accounts;
  if (!account) throw new Error("the lab has no accounts");
  say(`${NEW_MESSAGES} new messages arrive at the old server; a delta fetches them`);
  await lab.append(account, NEW_MESSAGES);
  await api.delta(order);
  say(progressLine(await api.watch(order, (progress) => sayLive(progressLine(progress)))));
  return (await verify(api, lab, order)) && first;
}

async function verify(api: Api, lab: Lab, order: string): Promise<boolean> {
  const pairs = await api.accounts(order);
  const rows: (string | number)[][] = [["account", "run", "state", "copied", "there before", "failed", "compared", "result"]];
  let arrived = true;
  for (const account of lab.state.accounts) {
    const comparison = await lab.compare(account);
    const pair = pairs.find((candidate) => candidate.source.user === account.source_user);
    rows.push(row(account, pair, comparison.counters.source_messages ?? 0, comparison.perfect));
    arrived &&= comparison.perfect;
    if (!comparison.perfect) say(`  ${account.source_user}: ${JSON.stringify(comparison.counters)}`);
  }
  say(table(rows));
  say();
  return arrived;
}

function row(account: LabAccount, pair: Pair | undefined, compared: number, perfect: boolean): (string | number)[] {
  const run = pair?.runs.at(-1);
  const verdict = perfect ? "identical: bytes, flags, dates, order" : "DIFFERENT";
  if (!run) return [account.source_user, "none", "", 0, 0, 0, compared, verdict];
  const { stored, present, failed, uncertain } = run.counts;
  return [account.source_user, run.kind, run.state, stored, present, failed + uncertain, compared, verdict];
}

function farewell(lab: Lab, service: Service, manageUrl: string | undefined): void {
  const mails = lab.mails();
  say(`Status mails in ${lab.state.mail_dir}:`);
  for (const mail of mails) say(`  ${mail.file.split("/").at(-1)}  to ${mail.envelope_to.join(", ")}: ${mail.subject}`);
  say(`The order's page: ${manageUrl ?? service.url}`);
  say(`The API's documentation: ${service.url}/api/docs/`);
  if (!once) say("Everything stays up until Ctrl-C.");
}

endWithSignals();
main().then(
  (code) => {
    say(code === 0 ? "Everything arrived." : "NOT everything arrived.");
    process.exitCode = code;
  },
  (error: unknown) => {
    say(`demo: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  },
);
