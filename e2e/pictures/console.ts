// The console of a reseller: at the first visit, with a day's work in it, and its forms.

import { Api } from "../support/api.ts";
import { sleep } from "../support/child.ts";
import { completed, servers, withAccounts } from "../support/ready.ts";
import { PASSWORD, REST_MS, type Visit } from "./visit.ts";

export async function console(visit: Visit): Promise<void> {
  const { page, world } = visit;
  const mail = `chief-${visit.language}@reseller.example`;
  const admin = { name: "Chief", mail, password: PASSWORD };
  await world.operator.call("POST", "/tenants", { name: "Harbour Hosting", admin });
  await visit.go("/console");
  await visit.shoot("sign-in");
  await page.locator("#sign-in-mail").fill(mail);
  await page.locator("#sign-in-password").fill(PASSWORD);
  await page.locator("form button[type=submit]").click();
  await page.locator(".side").waitFor();
  await visit.shoot("empty");
  const reseller = await program(visit);
  const done = await migrations(visit, reseller);
  await handedOut(visit, reseller);
  await colleagues(visit);
  for (const part of ["migrations", "new", "vouchers", "links", "requests", "webhooks", "members", "keys", "profile"]) {
    await visit.go(`/console/${part}`);
    await visit.shoot(part);
  }
  await visit.go(`/console/migrations/${done}`);
  await page.getByRole("table").first().waitFor();
  await visit.shoot("migration");
  await page.getByRole("button", { name: visit.say("console.reference_change") }).click();
  await visit.shoot("reference");
  await forms(visit);
  await preview(visit);
  await key(visit);
  await made(visit);
  await log(visit);
  if (visit.language === "en") {
    await visit.go("/styleguide");
    await visit.shoot("styleguide");
  }
}

/** A program of the reseller's, with a key. */
async function program(visit: Visit): Promise<Api> {
  const { service } = visit.world;
  const key = await visit.page.request.post(`${service.url}/api/v1/api-keys`, {
    data: { name: "Provisioning", scopes: ["orders:write", "vouchers:write", "links:write", "webhooks:write"] },
    headers: { origin: service.url },
  });
  return new Api(service.url, ((await key.json()) as { secret: string }).secret);
}

/** Migrations in every state; the number of a finished one. */
async function migrations(visit: Visit, reseller: Api): Promise<string> {
  const { lab } = visit.world;
  const { accounts } = lab.state;
  const named = (order: string, reference: string) => reseller.call("PATCH", `/orders/${order}`, { reference });
  const done = await completed(reseller, lab, accounts.slice(1, 3));
  await named(done.id, "Customer 4711");
  await reseller.createOrder({ ...servers(lab), reference: "Customer 4712, two mailboxes" });
  await reseller.createOrder({});
  const paid = async (count: number, start: Record<string, unknown>) => {
    const order = await withAccounts(reseller, lab, accounts.slice(0, count));
    await reseller.redeem(order.id, await reseller.voucher(count));
    await reseller.call("POST", `/orders/${order.id}/start`, start);
    return order;
  };
  await paid(2, { earliest_start: new Date(Date.now() + 86_400_000).toISOString(), delta_schedule: { trigger: "mx_changed" } });
  const trial = await withAccounts(reseller, lab, accounts.slice(3, 4));
  await reseller.start(trial.id, "trial");
  await reseller.watch(trial.id, () => {}, 120);
  const broken = await withAccounts(reseller, lab, accounts.slice(3, 5), true);
  await named(broken.id, "Invoice 2026-118");
  const unpaid = await withAccounts(reseller, lab, accounts.slice(2, 3));
  await reseller.call("POST", `/orders/${unpaid.id}/start`, {});
  // Most of its messages are larger than it may copy.
  const partly = await reseller.createOrder({ ...servers(lab), reference: "Customer 4713", options: { max_message_bytes: 4000 } });
  const { password } = lab.state;
  const { source_user, destination_user } = accounts[4]!;
  await reseller.addAccount(partly.id, { user: source_user, password }, { user: destination_user, password });
  await reseller.check(partly.id);
  await reseller.redeem(partly.id, await reseller.voucher(1));
  await reseller.start(partly.id);
  await reseller.watch(partly.id, () => {}, 120);
  const paused = await paid(3, {});
  await reseller.call("POST", `/orders/${paused.id}/pause`).catch(() => {});
  const over = await withAccounts(reseller, lab, accounts.slice(4, 5));
  await reseller.call("POST", `/orders/${over.id}/cancel`);
  return done.id;
}

/** Vouchers, a link and webhooks: one is heard, one is not. */
async function handedOut(visit: Visit, reseller: Api): Promise<void> {
  const { hook } = visit.world;
  const inAYear = new Date(Date.now() + 365 * 86_400_000).toISOString();
  await reseller.call("POST", "/vouchers", { pairs: 25, count: 3, note: "Customer 4711, invoice 2026-114" });
  await reseller.call("POST", "/vouchers", { pairs: 1, count: 2, note: "Spring fair", trial_only: true, free_test: true, valid_until: inAYear });
  const brand = { name: "Harbour Mail Move", colour: "#0b5fa5", support_address: "help@harbour.example" };
  const { token } = await reseller.call<{ token: string }>("POST", "/links", { name: "Spring offer", brand, prepaid_pairs: 10 });
  await asked(visit, token);
  for (const url of [hook.url, "https://hooks.reseller.example/mailferry"]) {
    const { webhook } = await reseller.call<{ webhook: { id: string } }>("POST", "/webhooks", { url, description: url === hook.url ? "Panel" : "Billing" });
    await reseller.call("POST", `/webhooks/${webhook.id}/test`);
  }
  for (let waited = 0; waited < 60; waited += 1) {
    const { items } = await reseller.call<{ items: { health: { pending: number } }[] }>("GET", "/webhooks");
    if (items.every(({ health }) => health.pending === 0)) return;
    await sleep(500);
  }
}

/** Somebody who came by the link would rather have it done. */
async function asked(visit: Visit, link: string): Promise<void> {
  const { lab, operator } = visit.world;
  const { host, accounts } = lab.state;
  const lines = accounts.slice(0, 2).map(({ source_user, destination_user }) => `${host};${source_user};x;${host};${destination_user};x;;`);
  await operator.call("POST", "/requests", {
    accepted_terms: await operator.termsVersion(),
    accounts: { content: lines.join("\n") },
    wished_start: new Date(Date.now() + 72 * 3_600_000).toISOString(),
    contact_address: "anna@customer.example",
    link,
  });
}

/** Members of every role, of whom one has only been invited. */
async function colleagues(visit: Visit): Promise<void> {
  const { page, world } = visit;
  const headers = { origin: world.service.url };
  const people = [
    { name: "Mate", role: "manager", domains: ["old.example", "harbour.example"] },
    { name: "Cadet", role: "member" },
  ];
  for (const person of people) {
    const mail = `${person.name.toLowerCase()}-${visit.language}@reseller.example`;
    await page.request.post(`${world.service.url}/api/v1/members`, { data: { ...person, mail }, headers });
  }
}

/** How a link looks to those who open it. */
async function preview(visit: Visit): Promise<void> {
  const { page } = visit;
  await visit.go("/console/links");
  await page.locator("tbody .table-actions button").first().click();
  await page.locator("dialog[open] .brand-preview").first().evaluate((preview) => preview.scrollIntoView({ block: "center" }));
  await visit.shoot("link-preview");
}

/** A key just made. */
async function key(visit: Visit): Promise<void> {
  const { page } = visit;
  await visit.go("/console/keys");
  await page.locator(".row-between .button-primary").click();
  await page.locator("#key-name").fill("Billing");
  await page.locator("dialog[open] button[type=submit]").click();
  await page.locator(".notice .copyline").waitFor();
  await page.waitForTimeout(REST_MS);
  await visit.shoot("keys-made");
}

async function forms(visit: Visit): Promise<void> {
  for (const part of ["vouchers", "links", "webhooks", "members", "keys"]) {
    await visit.go(`/console/${part}`);
    await visit.page.locator(".row-between .button-primary").click();
    await visit.shoot(`${part}-form`);
  }
}

/** Vouchers just made, and those made together. */
async function made(visit: Visit): Promise<void> {
  const { page } = visit;
  await visit.go("/console/vouchers");
  await page.locator(".row-between .button-primary").click();
  await page.locator("#voucher-count").fill("4");
  await page.locator("#voucher-note").fill("Customer 4713");
  await page.locator("dialog[open] button[type=submit]").click();
  await page.locator(".codes").waitFor();
  await page.waitForTimeout(REST_MS);
  await visit.shoot("vouchers-made");
  await visit.go("/console/vouchers");
  await page.locator("tbody .link-button").first().click();
  await page.getByRole("button", { name: visit.say("console.voucher_revoke_all") }).waitFor();
  await visit.shoot("vouchers-batch");
}

async function log(visit: Visit): Promise<void> {
  const { page } = visit;
  await visit.go("/console/webhooks");
  await page.locator("tbody tr", { has: page.locator(".status-bad") }).locator(".table-actions .button").first().click();
  await page.locator("dialog[open] .proposal summary").first().click();
  await visit.shoot("deliveries");
  await page.keyboard.press("Escape");
  await page.setViewportSize({ width: 390, height: 900 });
  await page.locator(".side-toggle").click();
  await visit.shoot("menu", [390]);
}
