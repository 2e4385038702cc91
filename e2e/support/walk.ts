// The way of an end user through the page, step by step. The browser test checks each step, the screenshots show it.

import { type Locator, type Page, expect } from "@playwright/test";

import type { Endpoint } from "./api.ts";
import type { Lab, LabAccount } from "./lab.ts";

/** Where status mails go. */
export const OWNER = "owner@customer.example";

/** Login names of a pair. */
export type AccountNames = Pick<LabAccount, "source_user" | "destination_user">;

/** Called at each state of the page worth a look. */
export type Look = (name: string) => Promise<void>;

export interface WalkOptions {
  page: Page;
  /** The service's address. */
  url: string;
  lab: Lab;
  /** Makes a voucher for that many accounts. */
  voucher: (pairs: number) => Promise<string>;
  look: Look;
}

/** One person's walk. The methods are called in the order in which they stand. */
export class Walk {
  readonly #page: Page;
  readonly #options: WalkOptions;

  constructor(options: WalkOptions) {
    this.#page = options.page;
    this.#options = options;
  }

  /** The step with this name is open. */
  async at(step: string): Promise<void> {
    const bar = this.#page.getByRole("navigation", { name: "Steps" });
    await expect(bar.locator("[aria-current=step]")).toContainText(step);
  }

  async introduction(): Promise<void> {
    const page = this.#page;
    await page.goto(this.#options.url);
    await this.at("Introduction");
    await page.getByRole("button", { name: "Begin" }).click();
    await expect(page.getByText("Accept the terms of service to go on.")).toBeVisible();
    await this.#options.look("introduction");
    await page.getByRole("checkbox", { name: "I accept the terms of service" }).check();
    await page.getByRole("checkbox", { name: "I have read the privacy statement" }).check();
    await page.getByRole("button", { name: "Begin" }).click();
  }

  /** Both servers by hand, since the lab's are in no list. */
  async providers(): Promise<void> {
    const page = this.#page;
    const { host, source, destination } = this.#options.lab.state;
    await this.at("Select provider");
    await page.getByRole("button", { name: "Continue" }).click();
    await expect(page.getByText("Choose the current provider, or name its server.")).toBeVisible();
    await page.getByRole("button", { name: "Add missing provider or server" }).first().click();
    await this.#server("Server of the current provider", host, source.imaps_port, "implicit");
    await page.getByRole("button", { name: "Add missing provider or server" }).click();
    await this.#server("Server of the new provider", host, destination.imap_port, "starttls");
    await page.getByLabel("Mail address for status mails").fill(OWNER);
    await this.#options.look("providers");
    await page.getByRole("button", { name: "Continue" }).click();
    await this.at("Configure accounts");
  }

  async #server(legend: string, host: string, port: number, tls: string): Promise<void> {
    const group = this.#page.getByRole("group", { name: legend });
    await group.getByLabel("Server (host name)").fill(host);
    await group.getByLabel("Encryption").selectOption(tls);
    await group.getByLabel("Port").fill(String(port));
  }

  /** Adds an account by the form; with a server of its own if one is given. */
  async addAccount(account: AccountNames, sourcePassword: string, server?: Required<Endpoint>): Promise<void> {
    const page = this.#page;
    await page.getByRole("tab", { name: "Add account" }).click();
    const panel = page.getByRole("tabpanel", { name: "Add account" });
    const source = panel.getByRole("group", { name: "Current account" });
    await source.getByLabel("User name").fill(account.source_user);
    await password(source).fill(sourcePassword);
    if (server) {
      await source.getByText("Details").click();
      await source.getByRole("checkbox", { name: "This account is on another server" }).check();
      await this.#server("Server of the current account", server.host, server.port, server.tls);
    }
    const destination = panel.getByRole("group", { name: "New account" });
    await destination.getByLabel("User name").fill(account.destination_user);
    await password(destination).fill(this.#options.lab.state.password);
    await panel.getByRole("button", { name: "Add account" }).click();
    await expect(page.getByText(`${account.source_user} was added`).first()).toBeAttached();
  }

  /** Adds accounts from a file with one broken line; the file leaves out the servers. */
  async addFile(accounts: LabAccount[]): Promise<void> {
    const page = this.#page;
    const { password: secret } = this.#options.lab.state;
    await page.getByRole("tab", { name: "Add multiple accounts" }).click();
    const panel = page.getByRole("tabpanel", { name: "Add multiple accounts" });
    const lines = accounts.map((account) => `;${account.source_user};${secret};;${account.destination_user};${secret};;`);
    await panel.getByLabel("Choose file: file of accounts").setInputFiles({
      name: "accounts.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(`${lines.join("\r\n")}\r\nonly;two\r\n`),
    });
    await expect(panel.getByText(`${accounts.length} accounts can be added`)).toBeVisible();
    await expect(panel.getByText("1 line has an error and is left out")).toBeVisible();
    const bad = panel.getByRole("table", { name: "Lines with errors" }).getByRole("row").nth(1);
    await expect(bad).toContainText("2 fields instead of 6–8.");
    await this.#options.look("accounts-file");
    await panel.getByRole("button", { name: `Add ${accounts.length} accounts` }).click();
    await expect(page.getByText(`${accounts.length} accounts were added`).first()).toBeAttached();
  }

  /** The overview: every account but `wrong` passes its check, that one has a red cross and the reason. */
  async overview(accounts: LabAccount[], wrong: LabAccount): Promise<void> {
    const page = this.#page;
    await page.getByRole("tab", { name: "Account overview" }).click();
    const table = page.getByRole("table", { name: "Account pairs" });
    for (const account of accounts) {
      const row = table.getByRole("row").filter({ hasText: account.source_user });
      if (account === wrong) {
        await expect(row).toContainText("Login failed", { timeout: 60_000 });
        await expect(row).toContainText("The server refused the user name or password.");
        continue;
      }
      await expect(row.getByText("Login works")).toHaveCount(2, { timeout: 60_000 });
      await expect(row).toContainText(`${account.messages.toLocaleString("en")} messages`, { timeout: 60_000 });
    }
    await this.#options.look("accounts-overview");
  }

  /** Corrects the password of `account`. */
  async correct(account: LabAccount): Promise<void> {
    const page = this.#page;
    await page.getByRole("button", { name: `Edit ${account.source_user}` }).click();
    const dialog = page.getByRole("dialog", { name: "Edit account" });
    await this.#options.look("accounts-edit");
    await password(dialog.getByRole("group", { name: "Current account" })).fill(this.#options.lab.state.password);
    await dialog.getByRole("button", { name: "Save and check" }).click();
    const row = page.getByRole("table", { name: "Account pairs" }).getByRole("row").filter({ hasText: account.source_user });
    await expect(row.getByText("Login works")).toHaveCount(2, { timeout: 60_000 });
  }

  async confirm(pairs: number): Promise<void> {
    const page = this.#page;
    await page.getByRole("button", { name: "Continue" }).click();
    await this.at("Confirm migration");
    await page.getByLabel("Voucher code").fill("MF-WRONG-CODE");
    await page.getByRole("button", { name: "Redeem voucher" }).click();
    await expect(page.getByText("The voucher code is not valid")).toBeVisible();
    await page.getByLabel("Voucher code").fill(await this.#options.voucher(pairs));
    await page.getByRole("button", { name: "Redeem voucher" }).click();
    await expect(page.getByText(`All ${pairs} accounts are paid for.`)).toBeVisible();
    await this.#options.look("confirm");
    await page.getByRole("button", { name: "Start migration" }).click();
    await this.at("Observe migration");
  }

  /** Waits until everything has arrived. */
  async observe(accounts: LabAccount[]): Promise<void> {
    const page = this.#page;
    await expect(page.getByRole("heading", { name: /is on its way|has arrived/ })).toBeVisible();
    await this.#options.look("status-running");
    await expect(page.getByRole("heading", { name: "Your mail has arrived" })).toBeVisible({ timeout: 120_000 });
    const table = page.getByRole("table", { name: "Accounts and their progress" });
    for (const account of accounts) {
      await expect(table.getByRole("row").filter({ hasText: account.source_user })).toContainText("Finished");
    }
    await this.#options.look("status-completed");
  }

  /** Opens the protocol of an account's latest run; gives the dialog. */
  async protocol(account: LabAccount): Promise<Locator> {
    const page = this.#page;
    await page.getByRole("button", { name: `Protocol of ${account.source_user}` }).click();
    const dialog = page.getByRole("dialog", { name: `Protocol: ${account.source_user}` });
    await expect(dialog.getByRole("table").first()).toBeVisible();
    await this.#options.look("protocol");
    return dialog;
  }

  async delta(): Promise<void> {
    const page = this.#page;
    await page.getByRole("button", { name: "Start delta migration" }).click();
    const dialog = page.getByRole("dialog", { name: "Start a delta migration?" });
    await this.#options.look("delta-dialog");
    await dialog.getByRole("button", { name: "Start delta now" }).click();
    await expect(dialog).toBeHidden();
    // So small a delta may be over before the page has shown that it runs: its last mail tells the end.
    await this.#options.lab.mail("the delta has finished", ({ subject }) => /delta.*finished/i.test(subject));
  }
}

/** The password field, not the button that shows it. */
function password(group: Locator): Locator {
  return group.getByLabel("Password", { exact: true });
}
