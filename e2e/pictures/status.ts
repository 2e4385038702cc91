// The status page, from a start that is put off to a link that has expired.

import { writeFileSync } from "node:fs";

import { Api, type Order } from "../support/api.ts";
import { imap } from "../support/imap.ts";
import type { LabAccount } from "../support/lab.ts";
import { completed, servers, withAccounts } from "../support/ready.ts";
import { REST_MS, type Visit } from "./visit.ts";

/** An order at test hosts, one of which has too little room: its run waits for the owner. */
async function parked(visit: Visit): Promise<Order> {
  const { operator, service } = visit.world;
  const { secret } = await operator.call<{ secret: string }>("POST", "/api-keys", { name: `Pictures ${visit.language}`, scopes: ["orders:read", "orders:write"], sandbox: true });
  const partner = new Api(service.url, secret);
  const at = (name: string) => ({ endpoint: { host: `${name}.sandbox.mailferry.test`, port: 993 } });
  const order = await partner.createOrder({ source: at("ok"), destination: at("quota-full") });
  await partner.addAccount(order.id, { user: "olivia", password: "secret" }, { user: "noah", password: "secret" });
  await partner.check(order.id);
  await partner.start(order.id);
  await partner.watch(order.id, () => {}, 60);
  return partner.call("GET", `/orders/${order.id}`);
}

/** Messages that have something to say, in an account of its own. */
async function odd(visit: Visit): Promise<LabAccount> {
  const { source, destination, password, rights_file } = visit.world.lab.state;
  const name = `petra-${visit.language}`;
  const account = { source_user: `${name}@moving-${visit.language}.example`, destination_user: `${name}@safe.example`, messages: 5, size_bytes: 0, folders: 2 };
  const message = (subject: string, size = 10) => `From: a@b.example\r\nSubject: ${subject}\r\n\r\n${"x".repeat(60)}\r\n`.padEnd(size, "y\r\n");
  const append = (where: string, words: string) => `APPEND ${where} "01-Feb-2020 10:00:00 +0000" {${words.length}+}\r\n${words}`;
  const twice = append("INBOX", message("known"));
  const inbox = [append("INBOX", message("one")), twice, append("INBOX", message("large", 1_100_000))];
  await imap(source.imap_port, account.source_user, password, [...inbox, "CREATE Safe", append("Safe", message("three")), append("Safe", message("four"))]);
  await imap(destination.imap_port, account.destination_user, password, [twice]);
  writeFileSync(rights_file, "Safe owner lrwst\n");
  return account;
}

async function paid(visit: Visit, order: Order, pairs: number): Promise<void> {
  const { operator } = visit.world;
  await operator.redeem(order.id, await operator.voucher(pairs));
}

export async function status(visit: Visit): Promise<void> {
  const { lab } = visit.world;
  const domain = `moving-${visit.language}.example`;
  const texts = ["v=spf1 include:_spf.moving.example include:newsletters.example ~all"];
  await lab.name({ name: "old.example", ttl: 1, mx: ["mx.old.example"] });
  await lab.name({ name: domain, mx: ["mx1.moving.example", "mx2.moving.example"], texts });
  await lab.name({ name: `s1._domainkey.${domain}`, texts: ["v=DKIM1; k=rsa; p=MIGf"] });
  await scheduled(visit);
  const petra = await odd(visit);
  const order = await running(visit, petra);
  await proved(visit, petra);
  // One domain has changed and everybody knows it, the other is remembered for an hour yet.
  await lab.name({ name: domain, mx: ["mx.safe.example"], texts });
  await switched(visit, order);
  await otherwise(visit);
  // As it was, for the migrations of others.
  await lab.name({ name: "old.example", ttl: 1, mx: ["mx.old.example"] });
}

async function scheduled(visit: Visit): Promise<void> {
  const { lab, operator } = visit.world;
  const later = await withAccounts(operator, lab, lab.state.accounts.slice(0, 2));
  await paid(visit, later, 2);
  await operator.call("POST", `/orders/${later.id}/start`, { earliest_start: new Date(Date.now() + 86_400_000).toISOString() });
  await visit.order(later, "status");
  await visit.shoot("scheduled");
}

/** Two accounts, of which one is slow and one has something to say, until both have arrived. */
async function running(visit: Visit, petra: LabAccount): Promise<Order> {
  const { page, world } = visit;
  const { lab, operator, line } = world;
  const { password } = lab.state;
  const order = await operator.createOrder({ ...servers(lab), notify_address: "owner@customer.example", options: { max_message_bytes: 1_000_000 } });
  await operator.addAccount(order.id, { user: petra.source_user, password }, { user: petra.destination_user, password });
  const endpoint = { host: "localhost", port: line.port, tls: "implicit" } as const;
  await operator.addAccount(order.id, { user: "anna@old.example", password, endpoint }, { user: `anna-${visit.language}@new.example`, password });
  await operator.check(order.id);
  await paid(visit, order, 2);
  line.slow(60_000);
  await operator.call("POST", `/orders/${order.id}/start`, { delta_schedule: { trigger: "mx_changed" } });
  await visit.order(order, "status");
  await page.locator(".chart").waitFor({ timeout: 60_000 });
  await page.waitForTimeout(8000);
  await visit.shoot("running");
  await visit.button("status.pause").click();
  await visit.button("status.pause_confirm").click();
  await visit.button("status.resume").waitFor();
  await visit.shoot("paused");
  line.open();
  await visit.button("status.resume").click();
  await visit.shoot("resume");
  await visit.button("status.resume_confirm").click();
  await page.getByRole("heading", { name: visit.say("status.title_completed_partly") }).waitFor({ timeout: 120_000 });
  await page.waitForTimeout(REST_MS);
  await visit.shoot("finished-with-exceptions");
  await page.locator("tr[aria-rowindex] .table-actions").first().getByRole("button").last().click();
  await page.locator("dialog[open] table").first().waitFor();
  await visit.shoot("protocol");
  await page.keyboard.press("Escape");
  await visit.button("status.retry").click();
  await visit.shoot("retry");
  writeFileSync(lab.state.rights_file, "");
  await visit.button("status.retry_confirm").click();
  await page.getByRole("heading", { name: visit.say("status.title_completed"), exact: true }).waitFor({ timeout: 60_000 });
  await page.getByText(visit.say("mx.spf_present")).waitFor({ timeout: 120_000 });
  return order;
}

/** Verified: everything is there, and then something is not. */
async function proved(visit: Visit, petra: LabAccount): Promise<void> {
  const { page, world } = visit;
  const { lab } = world;
  const { password } = lab.state;
  await page.locator("tr[aria-rowindex='2'] [aria-expanded]").click();
  await page.locator(".row-details table").waitFor();
  await visit.button("verify.start").click();
  await visit.shoot("verify");
  await visit.button("verify.ask_confirm").click();
  await page.locator(".proof").waitFor({ timeout: 60_000 });
  await visit.shoot("verified");
  // A message is lost at the new provider.
  await imap(lab.state.destination.imap_port, petra.destination_user, password, ["SELECT INBOX", "STORE 1 +FLAGS (\\Deleted)", "EXPUNGE"]);
  await visit.button("verify.again").click();
  await visit.button("verify.ask_confirm").click();
  await page.locator(".proof-warn").waitFor({ timeout: 180_000 });
  await visit.shoot("verified-with-a-difference");
}

/** The MX records change, and what follows that. */
async function switched(visit: Visit, order: Order): Promise<void> {
  const { page, world } = visit;
  const { lab } = world;
  await lab.name({ name: "old.example", ttl: 1, mx: ["mx.new.example"] });
  await page.locator(".mx-line .status-busy").waitFor({ timeout: 120_000 });
  await page.locator(".mx-line .status-good", { hasText: "mx.new.example" }).waitFor({ timeout: 120_000 });
  await visit.shoot("mx-changing");
  await visit.button("status.delta").click();
  await visit.shoot("delta");
  await page.keyboard.press("Escape");
  await visit.button("status.forget").click();
  await visit.shoot("forget");
  await visit.button("status.forget_confirm").click();
  await page.getByRole("link", { name: visit.say("status.passwords_enter") }).waitFor();
  await visit.shoot("without-passwords");
  await visit.go(`/orders/${order.id}/accounts`);
  await page.locator(".table-actions button").nth(1).click();
  await visit.shoot("passwords");
}

/** Trials, ends, and what waits. */
async function otherwise(visit: Visit): Promise<void> {
  const { world } = visit;
  const { lab, operator } = world;
  const trial = await withAccounts(operator, lab, lab.state.accounts.slice(2, 3));
  await operator.start(trial.id, "trial");
  await operator.watch(trial.id, () => {}, 120);
  await visit.order(trial, "status");
  await visit.shoot("trial");
  const ended = await completed(operator, lab, lab.state.accounts.slice(3, 4));
  await operator.call("POST", `/orders/${ended.id}/cancel`);
  await visit.order(ended, "status");
  await visit.shoot("cancelled");
  await visit.order(await parked(visit), "status");
  await visit.shoot("paused-for-a-reason");
  await visit.go(world.over.manage_url!);
  await visit.shoot("link-expired");
}
