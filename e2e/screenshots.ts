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
  for (const part of ["migrations", "new", "vouchers", "links", "webhooks", "members", "keys", "profile"]) {
    await page.goto(`${service.url}/console/${part}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.waitForTimeout(600);
    await album.take(page, `console-${part}`);
  }
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
