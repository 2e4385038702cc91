// `make screenshots`: every page and state at 1280 and 390 pixels, light and dark, in English and German, and the main
// ones in the other languages, into e2e/screenshots. `SCREENSHOTS="status wizard" make screenshots` takes some chapters.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type Browser, type Page, chromium as browserType } from "@playwright/test";

import { Api, type Order } from "./support/api.ts";
import { endWithSignals, run } from "./support/child.ts";
import { imap } from "./support/imap.ts";
import { Lab, type LabAccount } from "./support/lab.ts";
import { SlowLine } from "./support/line.ts";
import { chromium, root } from "./support/paths.ts";
import { PayPal } from "./support/paypal.ts";
import { completed, link, servers, withAccounts } from "./support/ready.ts";
import { Service } from "./support/service.ts";
import { type Language, text } from "./support/texts.ts";

const folder = join(root, "e2e/screenshots");
const LANGUAGES = ["en", "de"] as const;
/** Of these the main pages alone, in light. */
const OTHERS = ["nb", "pt", "it"] as const;
const WIDTHS = [1280, 390];
const PASSWORD = "a long enough password";
/** Long enough for what is asked of the service to have come. */
const REST_MS = 500;

interface World {
  lab: Lab;
  service: Service;
  operator: Api;
  browser: Browser;
  /** Passes slowly to the source. */
  line: SlowLine;
  paypal: PayPal;
  /** Its link has expired. */
  over: Order;
}

/** One look at the pages in one language. */
class Visit {
  readonly page: Page;
  readonly world: World;
  readonly language: Language;
  readonly #chapter: string;
  readonly #schemes: ("light" | "dark")[];
  #number = 0;

  constructor(page: Page, world: World, language: Language, chapter: string) {
    this.page = page;
    this.world = world;
    this.language = language;
    this.#chapter = chapter;
    this.#schemes = chapter === "languages" ? ["light"] : ["light", "dark"];
  }

  /** A text of the page. */
  say(key: string, values: Record<string, string> = {}): string {
    return text(this.language, key, values);
  }

  button(key: string, values: Record<string, string> = {}) {
    return this.page.getByRole("button", { name: this.say(key, values), exact: true });
  }

  async go(path: string): Promise<void> {
    await this.page.goto("about:blank");
    await this.page.goto(path.startsWith("http") ? path : this.world.service.url + path);
    await this.page.getByRole("heading", { level: 1 }).waitFor();
    await this.page.waitForTimeout(REST_MS);
  }

  /** A step of an order, opened by its link. */
  async order(order: Order, step: string): Promise<void> {
    // An order of the sandbox is behind a wall: it brings its own link.
    await this.go(order.manage_url ?? (await link(this.world.operator, order)));
    await this.page.waitForURL(/\/orders\/[^/]+\/[a-z]+$/);
    await this.go(`/orders/${order.id}/${step}`);
  }

  /** Takes what is shown now. */
  async shoot(name: string): Promise<void> {
    this.#number += 1;
    const stem = `${this.#chapter}-${String(this.#number).padStart(2, "0")}-${name}-${this.language}`;
    for (const width of WIDTHS) {
      for (const colorScheme of this.#schemes) {
        await this.page.setViewportSize({ width, height: 900 });
        await this.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        // A dialog stands in the window; what sticks to the window has no place on the page.
        const isDialog = (await this.page.locator("dialog[open]").count()) > 0;
        const path = join(folder, `${stem}-${width}-${colorScheme}.png`);
        await this.page.evaluate(() => {
          scrollTo(0, 0);
          for (const sticky of document.querySelectorAll<HTMLElement>(".to-start")) sticky.style.display = "none";
        });
        await this.page.screenshot({ path, fullPage: !isDialog });
        pictures += 1;
      }
    }
    await this.page.setViewportSize({ width: 1280, height: 900 });
    await this.page.emulateMedia({ colorScheme: "light" });
  }
}

let pictures = 0;

async function start(visit: Visit): Promise<void> {
  const { page } = visit;
  await visit.go("/");
  await visit.shoot("start");
  await visit.button("intro.begin").click();
  await visit.shoot("start-errors");
  for (const name of ["terms", "privacy"]) {
    await visit.go(`/${name}`);
    await visit.shoot(name);
  }
  await visit.go("/nothing/here");
  await visit.shoot("nothing-here");
  await visit.go("/orders/00000000-0000-7000-8000-000000000001/status");
  await visit.shoot("locked");
  await page.route("**/api/**", () => {});
  await page.goto(`${visit.world.service.url}/orders/00000000-0000-7000-8000-000000000001/status`);
  await page.waitForTimeout(REST_MS);
  await visit.shoot("loading");
  await page.unroute("**/api/**");
  await page.route("**/api/**", (route) => route.abort());
  await page.goto(`${visit.world.service.url}/orders/00000000-0000-7000-8000-000000000001/status`);
  await page.waitForTimeout(REST_MS);
  await visit.shoot("unreachable");
  await page.unroute("**/api/**");
  await page.route("**/*.wasm", (route) => route.abort());
  await page.goto(visit.world.service.url);
  await page.getByRole("alert").waitFor();
  await visit.shoot("no-module");
  await page.unroute("**/*.wasm");
}

async function wizard(visit: Visit): Promise<void> {
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
  await page.locator("#add-source-delegation").selectOption("master_user");
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

/** What becomes of a payment. */
async function pay(visit: Visit): Promise<void> {
  const { page, world } = visit;
  const { lab, operator, paypal } = world;
  for (const [outcome, told] of [["held back", "pay.pending"], ["declined", "pay.declined"], ["too little", "pay.mismatched"]] as const) {
    const order = await withAccounts(operator, lab, lab.state.accounts.slice(0, 1));
    await visit.order(order, "confirm");
    paypal.outcome = outcome;
    await visit.button("pay.paypal").click();
    await page.getByRole("link", { name: "Agree and pay" }).click({ timeout: 30_000 });
    await page.getByText(visit.say(told)).waitFor({ timeout: 60_000 });
    await visit.shoot(outcome.replace(" ", "-"));
  }
  paypal.outcome = "paid";
}

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

async function status(visit: Visit): Promise<void> {
  const { page, world } = visit;
  const { lab, operator, line } = world;
  const { password } = lab.state;
  const domain = `moving-${visit.language}.example`;
  const texts = ["v=spf1 include:_spf.moving.example include:newsletters.example ~all"];
  await lab.name({ name: "old.example", ttl: 1, mx: ["mx.old.example"] });
  await lab.name({ name: domain, mx: ["mx1.moving.example", "mx2.moving.example"], texts });
  await lab.name({ name: `s1._domainkey.${domain}`, texts: ["v=DKIM1; k=rsa; p=MIGf"] });

  const later = await withAccounts(operator, lab, lab.state.accounts.slice(0, 2));
  await paid(visit, later, 2);
  await operator.call("POST", `/orders/${later.id}/start`, { earliest_start: new Date(Date.now() + 86_400_000).toISOString() });
  await visit.order(later, "status");
  await visit.shoot("scheduled");

  const petra = await odd(visit);
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
  await page.locator("tr[aria-rowindex='2'] [aria-expanded]").click();
  await page.locator(".row-details table").waitFor();
  await visit.button("verify.start").click();
  await page.locator(".proof").waitFor({ timeout: 60_000 });
  await visit.shoot("verified");
  // A message is lost at the new provider.
  await imap(lab.state.destination.imap_port, petra.destination_user, password, ["SELECT INBOX", "STORE 1 +FLAGS (\\Deleted)", "EXPUNGE"]);
  await visit.button("verify.again").click();
  await page.locator(".proof-warn").waitFor({ timeout: 180_000 });
  await visit.shoot("verified-with-a-difference");
  // One domain has changed and everybody knows it, the other is remembered for an hour yet.
  await lab.name({ name: domain, mx: ["mx.safe.example"], texts });
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
  // As it was, for the migrations of others.
  await lab.name({ name: "old.example", ttl: 1, mx: ["mx.old.example"] });
}

async function console_(visit: Visit): Promise<void> {
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
  const key = await page.request.post(`${world.service.url}/api/v1/api-keys`, {
    data: { name: "Provisioning", scopes: ["orders:write", "vouchers:write", "links:write", "webhooks:write"] },
    headers: { origin: world.service.url },
  });
  const reseller = new Api(world.service.url, ((await key.json()) as { secret: string }).secret);
  const done = await completed(reseller, world.lab, world.lab.state.accounts.slice(1, 3));
  for (let n = 0; n < 2; n += 1) await reseller.createOrder(servers(world.lab));
  await reseller.call("POST", "/vouchers", { pairs: 25, count: 3 });
  const brand = { name: "Harbour Mail Move", colour: "#0b5fa5", support_address: "help@harbour.example" };
  await reseller.call("POST", "/links", { name: "Spring offer", brand, prepaid_pairs: 10 });
  await reseller.call("POST", "/webhooks", { url: "https://hooks.reseller.example/mailferry" });
  for (const part of ["migrations", "new", "vouchers", "links", "webhooks", "members", "keys", "profile"]) {
    await visit.go(`/console/${part}`);
    await visit.shoot(part);
  }
  await visit.go(`/console/migrations/${done.id}`);
  await page.getByRole("table").first().waitFor();
  await visit.shoot("migration");
  for (const part of ["vouchers", "links", "webhooks", "members", "keys"]) {
    await visit.go(`/console/${part}`);
    await page.locator(".row-between > .button-primary").click();
    await visit.shoot(`${part}-form`);
  }
  if (visit.language === "en") {
    await visit.go("/styleguide");
    await visit.shoot("styleguide");
  }
}

/** The form by which the operator is asked, where a request stands, and the operator's desk. */
async function requests(visit: Visit): Promise<void> {
  const { page, world } = visit;
  const { lab, operator, service } = world;
  const line = ({ source_user, destination_user }: LabAccount) => `${lab.state.host};${source_user};x;${lab.state.host};${destination_user};x;;`;
  const content = lab.state.accounts.map(line).join("\n");
  await visit.go("/request");
  await visit.shoot("form");
  await page.locator("input[type=file]").first().setInputFiles({ name: "accounts.csv", mimeType: "text/csv", buffer: Buffer.from(`${content}\nonly;two\n`) });
  await page.locator("form.correct").first().waitFor({ state: "attached" });
  await page.locator("main .button-primary").first().click();
  await visit.shoot("form-filled");
  const card = Buffer.from("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Anna\r\nEND:VCARD\r\n").toString("base64");
  const ask = async (name: string): Promise<{ id: string; url: string }> => {
    const { request, order } = await operator.call<{ request: { id: string }; order: { manage_url: string } }>("POST", "/requests", {
      accepted_terms: await operator.termsVersion(),
      accounts: { content },
      wished_start: new Date(Date.now() + 72 * 3_600_000).toISOString(),
      contact_address: `${name}@customer.example`,
      note: "Please call before you start: +47 12 34 56 78.",
      attachments: [{ name: "contacts.vcf", content: card }],
    });
    return { id: request.id, url: order.manage_url };
  };
  const [first, second] = [await ask("anna"), await ask("berta")];
  await visit.go(first.url);
  await page.waitForURL(/\/request$/);
  await visit.shoot("sent");
  await operator.call("POST", `/requests/${first.id}/accept`);
  await operator.call("POST", `/requests/${second.id}/decline`, { reason: "The old provider has switched off IMAP for these accounts." });
  await page.reload();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await visit.shoot("accepted");
  await visit.go(second.url);
  await page.waitForURL(/\/request$/);
  await visit.shoot("declined");
  const mail = `master-${visit.language}@service.example`;
  await operator.call("POST", "/members", { name: "Harbour master", mail, role: "admin", password: PASSWORD });
  await page.goto(`${service.url}/console`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  if (await page.locator(".side-out").isVisible()) await page.locator(".side-out").click();
  await page.locator("#sign-in-mail").fill(mail);
  await page.locator("#sign-in-password").fill(PASSWORD);
  await page.locator("form button[type=submit]").click();
  await page.locator(".side").waitFor();
  for (const [name, path] of [["queue", "requests"], ["tenants", "tenants"], ["request", `requests/${first.id}`]] as const) {
    await visit.go(`/console/${path}`);
    await visit.shoot(name);
  }
  await visit.go(`/console/migrations/${world.over.id}`);
  await page.getByRole("table").first().waitFor();
  await visit.shoot("closed");
}

/** The main pages, for those who do not read English or German. */
async function languages(visit: Visit): Promise<void> {
  const { lab, operator } = visit.world;
  await visit.go("/");
  await visit.shoot("start");
  const order = await withAccounts(operator, lab, lab.state.accounts.slice(1, 4), true);
  await visit.order(order, "accounts");
  await visit.shoot("accounts");
  await visit.order(order, "confirm");
  await visit.shoot("confirm");
  await visit.order(await completed(operator, lab, lab.state.accounts.slice(1, 3)), "status");
  await visit.shoot("status");
}

/** An order whose link has expired: its time is put back, for nobody waits two weeks for a picture. */
async function expired(operator: Api, lab: Lab, service: Service): Promise<Order> {
  const order = await completed(operator, lab, lab.state.accounts.slice(4, 5));
  const script = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], 30); db.execute('UPDATE orders SET expires_at = 1 WHERE id = ?', sys.argv[2:]); db.commit()";
  const url = await link(operator, order);
  const { code, stderr } = await run("python3", ["-c", script, join(service.dir, "mailferry.sqlite"), order.id]);
  if (code !== 0) throw new Error(stderr);
  return { ...order, manage_url: url };
}

const CHAPTERS = { start, wizard, pay, status, console: console_, requests, languages };

async function main(): Promise<void> {
  const wanted = (process.env.SCREENSHOTS ?? Object.keys(CHAPTERS).join(" ")).split(" ");
  mkdirSync(folder, { recursive: true });
  // Of other chapters the pictures stay.
  const old = readdirSync(folder).filter((file) => wanted.some((name) => file.startsWith(`${name}-`)));
  for (const file of old) rmSync(join(folder, file));
  // Large enough that there is time for pictures while it runs.
  const lab = await Lab.start({ sample: "6000", accounts: 5 });
  const paypal = await PayPal.start();
  const operator = { MAILFERRY_OPERATOR: "Harbour Hosting Ltd, Quay 1, 5003 Bergen", MAILFERRY_OPERATOR_CONTACT: "help@harbour.example" };
  const service = await Service.start({ lab, openPorts: [paypal.port], env: { ...paypal.settings, ...operator, MAILFERRY_RATE_FACTOR: "100" } });
  const line = await SlowLine.start(lab.state.closed_port, lab.state.source.imaps_port);
  // Fields for dates speak the browser's own language, not the page's.
  const browsers = Object.fromEntries(
    await Promise.all(
      LANGUAGES.map(async (language) => {
        const env = { ...process.env, LANGUAGE: language, LANG: language === "en" ? "en_GB.UTF-8" : "de_DE.UTF-8" };
        return [language, await browserType.launch({ executablePath: chromium, args: ["--no-sandbox", `--lang=${language === "en" ? "en-GB" : "de"}`], env })];
      }),
    ),
  ) as Record<(typeof LANGUAGES)[number], Browser>;
  try {
    const key = await service.operatorKey();
    const over = await expired(new Api(service.url, key), lab, service);
    const worldIn = (language: (typeof LANGUAGES)[number]): World => ({ lab, service, operator: new Api(service.url, key), browser: browsers[language], line, paypal, over });
    const world = worldIn("en");
    const price = { currency: "EUR", pair_minor: 1490, tax_name: "VAT", tax_basis_points: 1900, tax_included: true };
    await world.operator.call("PUT", "/price", price);
    for (const [name, chapter] of Object.entries(CHAPTERS).filter(([name]) => wanted.includes(name))) {
      for (const language of name === "languages" ? OTHERS : LANGUAGES) {
        const own = language === "de" ? "de" : "en";
        const locale = own === language ? { en: "en-GB", de: "de-DE" }[own] : language;
        const context = await browsers[own].newContext({ locale, timezoneId: "Europe/Berlin" });
        await context.addInitScript((chosen) => localStorage.setItem("mailferry.language", chosen), language);
        const page = await context.newPage();
        page.setDefaultTimeout(15_000);
        await chapter(new Visit(page, worldIn(own), language, name));
        await context.close();
        process.stdout.write(`${name} in ${language}\n`);
      }
    }
    process.stdout.write(`${pictures} pictures in ${folder}\n`);
  } finally {
    for (const browser of Object.values(browsers)) await browser.close();
    line.stop();
    paypal.stop();
    await service.stop();
    await lab.stop();
  }
}

endWithSignals();
await main();
