// `make screenshots`: every page at 1280 and 390 pixels, light and dark, in English and German, into e2e/screenshots.

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { type BrowserContext, type Page, chromium as browserType } from "@playwright/test";

import { Api, type Order } from "./support/api.ts";
import { endWithSignals } from "./support/child.ts";
import { Lab } from "./support/lab.ts";
import { chromium, root } from "./support/paths.ts";
import { open } from "./support/ready.ts";
import { Service } from "./support/service.ts";
import { Walk } from "./support/walk.ts";

const folder = join(root, "e2e/screenshots");
const WIDTHS = [1280, 390];
const PASSWORD = "a long enough password";

/** What must be pressed again for a state that an address alone does not lead to; selectors, because words differ. */
const STEPS: Record<string, string[]> = {
  introduction: ["form button[type=submit]"],
  "accounts-file": ["[role=tab] >> nth=2"],
  "accounts-add": ["[role=tab] >> nth=1"],
  "accounts-edit": [".table-actions button >> nth=1"],
  "status-folders": ["tr[aria-rowindex='2'] [aria-expanded]"],
  protocol: [".table-actions button >> nth=0"],
  "delta-dialog": [".actions-bar button >> nth=0"],
  "request-start": ["main .button-primary >> nth=0"],
};

class Album {
  #number = 0;
  readonly #german: BrowserContext;

  constructor(german: BrowserContext) {
    this.#german = german;
  }

  /** Takes the page as it is, and the same place in German. */
  async take(page: Page, name: string): Promise<void> {
    this.#number += 1;
    const stem = `${String(this.#number).padStart(2, "0")}-${name}`;
    await this.#shoot(page, `${stem}-en`);
    const german = await this.#german.newPage();
    await german.goto(page.url());
    await german.getByRole("heading", { level: 1 }).waitFor();
    await german.waitForTimeout(600);
    for (const selector of STEPS[name] ?? []) {
      await german.locator(selector).first().click();
      await german.waitForTimeout(400);
    }
    await this.#shoot(german, `${stem}-de`);
    await german.close();
    process.stdout.write(`${name}\n`);
  }

  async #shoot(page: Page, stem: string): Promise<void> {
    for (const width of WIDTHS) {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.screenshot({ path: join(folder, `${stem}-${width}-${colorScheme}.png`), fullPage: true });
      }
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: "light" });
  }

  get pictures(): number {
    return this.#number * WIDTHS.length * 4;
  }
}

async function migration(page: Page, album: Album, german: BrowserContext, service: Service, lab: Lab, operator: Api): Promise<void> {
  let opened = false;
  const look = async (name: string): Promise<void> => {
    const id = /\/orders\/([0-9a-f-]{36})/.exec(page.url())?.[1];
    if (id && !opened) {
      // The German browser gets the order's link once.
      const order = await operator.call<Order>("GET", `/orders/${id}`);
      const first = await german.newPage();
      await open(first, operator, order);
      await first.close();
      opened = true;
    }
    await album.take(page, name);
  };
  const walk = new Walk({ page, url: service.url, lab, look, voucher: (pairs) => operator.voucher(pairs) });
  const accounts = lab.state.accounts;
  await walk.introduction();
  await walk.providers();
  await page.getByRole("tab", { name: "Add account" }).click();
  await look("accounts-add");
  await walk.addAccount(accounts[0]!, lab.state.password);
  await walk.addAccount(accounts[1]!, "wrong");
  await walk.addFile(accounts.slice(2));
  await walk.overview(accounts, accounts[1]!);
  await walk.correct(accounts[1]!);
  await walk.confirm(accounts.length);
  await walk.observe(accounts);
  await page.getByRole("button", { name: `Folders of ${accounts[0]!.source_user}` }).click();
  await page.getByRole("region", { name: "Folders" }).waitFor();
  await look("status-folders");
  await page.getByRole("button", { name: "Verify" }).click();
  await page.locator("#main").getByText("arrived, byte for byte.").waitFor();
  await look("status-verified");
  await (await walk.protocol(accounts[0]!)).getByRole("button", { name: "Close" }).click();
  await walk.delta();
}

async function console_(page: Page, album: Album, german: BrowserContext, service: Service, operator: Api): Promise<void> {
  const mail = "chief@reseller.example";
  await operator.call("POST", "/tenants", { name: "Harbour Hosting", admin: { name: "Chief", mail, password: PASSWORD } });
  await page.goto(`${service.url}/console`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await album.take(page, "console-sign-in");
  for (const one of [page, await german.newPage()]) {
    await one.goto(`${service.url}/console`);
    await one.locator("#sign-in-mail").fill(mail);
    await one.locator("#sign-in-password").fill(PASSWORD);
    await one.locator("form button[type=submit]").click();
    await one.locator(".side").waitFor();
    if (one !== page) await one.close();
  }
  const key = await page.request.post(`${service.url}/api/v1/api-keys`, {
    data: { name: "Provisioning", scopes: ["orders:write", "vouchers:write"] },
    headers: { origin: service.url },
  });
  const reseller = new Api(service.url, ((await key.json()) as { secret: string }).secret);
  for (let n = 0; n < 3; n += 1) await reseller.createOrder({});
  for (const part of ["migrations", "new", "requests", "vouchers", "links", "webhooks", "members", "keys", "profile"]) {
    await page.goto(`${service.url}/console/${part}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.waitForTimeout(600);
    await album.take(page, `console-${part}`);
  }
}

/** The form by which the operator is asked, where a request stands, and the operator's desk. */
async function requests(page: Page, album: Album, german: BrowserContext, service: Service, lab: Lab, operator: Api): Promise<void> {
  const accounts = lab.state.accounts.map(({ source_user, destination_user }) => `${lab.state.host};${source_user};x;${lab.state.host};${destination_user};x;;`);
  await page.goto(`${service.url}/request`);
  await page.getByLabel("Choose file: file of accounts").setInputFiles({ name: "accounts.csv", mimeType: "text/csv", buffer: Buffer.from(`${accounts.join("\n")}\nonly;two\n`) });
  await page.getByText("accounts can be added").waitFor();
  await album.take(page, "request-form");
  const card = Buffer.from("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Anna\r\nEND:VCARD\r\n").toString("base64");
  const ask = async (contact: string): Promise<{ id: string; url: string }> => {
    const { request, order } = await operator.call<{ request: { id: string }; order: { manage_url: string } }>("POST", "/requests", {
      accepted_terms: await operator.termsVersion(),
      accounts: { content: accounts.join("\n") },
      wished_start: new Date(Date.now() + 72 * 3_600_000).toISOString(),
      contact_address: contact,
      note: "Please call before you start: +47 12 34 56 78.",
      attachments: [{ name: "contacts.vcf", content: card }],
    });
    return { id: request.id, url: order.manage_url };
  };
  const [first, second] = [await ask("anna@customer.example"), await ask("berta@customer.example")];
  const visit = async (url: string): Promise<void> => {
    const theirs = await german.newPage();
    await theirs.goto(url);
    await theirs.waitForURL(/\/request$/);
    await theirs.close();
    await page.goto("about:blank");
    await page.goto(url);
    await page.waitForURL(/\/request$/);
    await page.getByRole("heading", { level: 1 }).waitFor();
  };
  await visit(first.url);
  await album.take(page, "request-sent");
  await operator.call("POST", `/requests/${first.id}/accept`);
  await operator.call("POST", `/requests/${second.id}/decline`, { reason: "The old provider has switched off IMAP for these accounts." });
  await page.reload();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await album.take(page, "request-accepted");
  await visit(second.url);
  await album.take(page, "request-declined");
  const mail = "master@service.example";
  await operator.call("POST", "/members", { name: "Harbour master", mail, role: "admin", password: PASSWORD });
  for (const one of [page, await german.newPage()]) {
    await one.goto(`${service.url}/console`);
    await one.getByRole("heading", { level: 1 }).waitFor();
    if (await one.locator(".side-out").isVisible()) await one.locator(".side-out").click();
    await one.locator("#sign-in-mail").fill(mail);
    await one.locator("#sign-in-password").fill(PASSWORD);
    await one.locator("form button[type=submit]").click();
    await one.locator(".side").waitFor();
    if (one !== page) await one.close();
  }
  for (const path of ["requests", "tenants", `requests/${first.id}`]) {
    await page.goto(`${service.url}/console/${path}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.waitForTimeout(600);
    await album.take(page, `operator-${path.split("/").length > 1 ? "request" : path}`);
  }
  await page.locator("main .button-primary").first().click();
  await album.take(page, "request-start");
}

async function main(): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // Large enough that there is time for pictures while it runs.
  const lab = await Lab.start({ sample: "30000", accounts: 4 });
  const service = await Service.start({ lab });
  const browser = await browserType.launch({ executablePath: chromium, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, locale: "en-GB" });
    const german = await browser.newContext({ locale: "de-DE" });
    await german.addInitScript(() => localStorage.setItem("mailferry.language", "de"));
    page.setDefaultTimeout(15_000);
    const operator = new Api(service.url, await service.operatorKey());
    const album = new Album(german);
    await page.goto(`${service.url}/nothing/here`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await album.take(page, "nothing-here");
    await migration(page, album, german, service, lab, operator);
    await console_(page, album, german, service, operator);
    await requests(page, album, german, service, lab, operator);
    await page.goto(`${service.url}/styleguide`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await album.take(page, "styleguide");
    process.stdout.write(`${album.pictures} pictures in ${folder}\n`);
  } finally {
    await browser.close();
    await service.stop();
    await lab.stop();
  }
}

endWithSignals();
await main();
