// The wizard's three steps with a form: providers, accounts, confirmation.

import { servers, withAccounts } from "../support/ready.ts";
import type { Visit } from "./visit.ts";

export async function wizard(visit: Visit): Promise<void> {
  await providers(visit);
  await accounts(visit);
  await confirm(visit);
}

async function providers(visit: Visit): Promise<void> {
  const { page, world } = visit;
  const { source, destination } = world.lab.state;
  await world.lab.name({ name: "_imaps._tcp.old.example", srv: [[source.imaps_port, "localhost"]] });
  await world.lab.name({ name: "_imap._tcp.new.example", srv: [[destination.imap_port, "localhost"]] });
  await visit.order(await world.operator.createOrder({ language: visit.language }), "providers");
  await visit.button("action.continue").click();
  await visit.shoot("providers-errors");
  await page.locator("#source").fill("g");
  await visit.shoot("providers-list");
  await page.locator("#source").fill("gmail");
  await page.locator("#source").press("Enter");
  await visit.shoot("providers-advice");
  await page.locator("#source").fill("anna@old.example");
  await page.locator("#source-found .proposal").waitFor({ timeout: 30_000 });
  await page.locator("#destination").fill("anna@nowhere.example");
  await page.locator("#destination-found p").waitFor({ timeout: 30_000 });
  await visit.shoot("providers-found");
  await visit.button("discovery.change").click();
  await visit.button("providers.by_hand").click();
  await page.locator("#destination-server-host").fill("imap.new.example");
  await page.locator("#notify").fill("owner@customer.example");
  await visit.shoot("providers-by-hand");
}

async function accounts(visit: Visit): Promise<void> {
  const { page, world } = visit;
  const { lab, operator } = world;
  await visit.order(await operator.createOrder(servers(lab)), "accounts");
  await visit.shoot("accounts-empty");
  await page.locator("#accounts-tab-add").click();
  await page.locator("#accounts-panel-add form button[type=submit]").click();
  await page.locator("#accounts-panel-add summary").first().click();
  await visit.shoot("accounts-add");
  const gmail = { provider: "gmail", endpoint: { host: "imap.gmail.com", port: 993, tls: "implicit" } };
  await visit.order(await operator.createOrder({ ...servers(lab), source: gmail }), "accounts");
  await page.locator("#accounts-tab-add").click();
  await page.locator("#add-source-kind").selectOption("oauth_refresh");
  await page.locator("#accounts-panel-add summary").first().click();
  await page.locator("#add-source-act-for").fill("anna@old.example");
  await visit.shoot("accounts-tokens");
  await page.locator("#accounts-tab-import").click();
  await visit.shoot("accounts-import");
  const line = (host: string, from: string, to: string) => `${host};${from}@old.example;secret;;${to}@new.example;secret;;`;
  const rows = [line("", "anna", "anna"), line("no host!", "ben", "ben"), line("", "chloe", "chloe"), "only;two"];
  const file = { name: "accounts.csv", mimeType: "text/csv", buffer: Buffer.from(rows.join("\r\n")) };
  await page.locator("input[type=file]").setInputFiles(file);
  await page.locator("form.correct").first().waitFor();
  await visit.shoot("accounts-file");
  await visit.order(await withAccounts(operator, lab, lab.state.accounts.slice(0, 4), true), "accounts");
  await visit.shoot("accounts-overview");
  await page.locator(".table-actions button").nth(1).click();
  await visit.shoot("accounts-edit");
  await page.keyboard.press("Escape");
  await page.locator(".table-actions button").nth(2).click();
  await visit.shoot("accounts-delete");
  await page.keyboard.press("Escape");
  await page.getByText(visit.say("admin.title")).click();
  await visit.shoot("accounts-admin");
  await certificate(visit);
}

/** A server whose certificate names another host: what it showed, and the same once it has been accepted. */
async function certificate(visit: Visit): Promise<void> {
  const { page, world } = visit;
  const { lab, operator } = world;
  const { mismatch_host: host, source, password, accounts } = lab.state;
  const order = await withAccounts(operator, lab, accounts.slice(0, 1));
  const endpoint = { host, port: source.imaps_port, tls: "implicit" } as const;
  const [from, to] = [accounts[1]!.source_user, accounts[1]!.destination_user];
  await operator.addAccount(order.id, { user: from, password, endpoint }, { user: to, password });
  await operator.check(order.id);
  await visit.order(order, "accounts");
  const what = page.getByText(visit.say("certificate.what"));
  await what.click();
  await visit.shoot("accounts-certificate");
  await page.getByLabel(visit.say("certificate.compared")).check();
  await page.getByText(visit.say("certificate.accept"), { exact: true }).click();
  await page.getByText(visit.say("finding.certificate_pinned.cause").replace(/\.$/, "")).first().waitFor({ timeout: 60_000 });
  await page.getByText(visit.say("accounts.checking")).waitFor({ state: "detached", timeout: 60_000 });
  await what.click();
  await visit.shoot("accounts-certificate-accepted");
}

async function confirm(visit: Visit): Promise<void> {
  const { page, world } = visit;
  const { lab, operator } = world;
  await visit.order(await withAccounts(operator, lab, lab.state.accounts.slice(0, 3), true), "confirm");
  await visit.shoot("confirm-blocked");
  const order = await withAccounts(operator, lab, lab.state.accounts.slice(0, 3));
  await visit.order(order, "confirm");
  await visit.shoot("confirm");
  await visit.button("dry_run.start").click();
  const pair = page.locator("section:has(#dry-run-title) details").first();
  await pair.waitFor({ timeout: 30_000 });
  await visit.button("dry_run.start").waitFor({ timeout: 30_000 });
  // Where there is little room it is closed at first.
  await pair.evaluate((details: HTMLDetailsElement) => (details.open = true));
  await page.locator("#mapping-0-1-edit").click();
  await page.locator("#mapping-0-1").fill("Old/2019");
  await page.locator("#mapping-0-1").press("Enter");
  await visit.shoot("confirm-dry-run");
  await visit.order(order, "confirm");
  await page.getByText(visit.say("pay.or_voucher")).click();
  await page.locator("#voucher").fill(await operator.voucher(3));
  await visit.button("confirm.voucher_redeem").click();
  await page.locator("#voucher").waitFor({ state: "detached" });
  await page.getByRole("radio", { name: visit.say("schedule.delay"), exact: false }).check();
  await page.getByRole("radio", { name: visit.say("confirm.later") }).check();
  await visit.shoot("confirm-two-phases");
  // All is paid for: a trial is behind a click.
  await page.getByText(visit.say("confirm.trial_though_paid")).click();
  await page.getByRole("radio", { name: visit.say("confirm.trial"), exact: false }).check();
  await page.waitForTimeout(3000);
  await visit.shoot("confirm-trial");
}
