// Steps 2 to 4 in all their ways: settings found from an address, an admin who opens accounts, rows of a file put
// right in place, the dry run with its folder mapping, the free trial's own numbers, a start in two phases.

import type { Page } from "@playwright/test";

import type { Order } from "../support/api.ts";
import { violations } from "../support/axe.ts";
import { imap } from "../support/imap.ts";
import type { Lab, LabAccount } from "../support/lab.ts";
import { open, servers, withAccounts } from "../support/ready.ts";
import { text } from "../support/texts.ts";
import { Walk } from "../support/walk.ts";
import { expect, test } from "./fixtures.ts";

const ZONE = "Europe/Berlin";
test.use({ timezoneId: ZONE, locale: "en-GB" });

/** Has the lab's admin kept for the old side: at the tab of files, which is open then. */
async function keepAdmin(page: Page, lab: Lab): Promise<void> {
  await page.getByRole("tab", { name: "Add multiple accounts" }).click();
  await page.getByText(text("en", "admin.title")).click();
  const admin = page.getByRole("form", { name: "Current provider" });
  await admin.getByLabel(text("en", "admin.user")).fill(lab.state.master_user);
  await admin.getByLabel(text("en", "admin.password"), { exact: true }).fill(lab.state.master_password);
  await admin.getByRole("button", { name: "Save admin login" }).click();
  await expect(admin.getByText("Kept, encrypted, and never shown again.")).toBeVisible();
}

/** `time` as a field for date and time takes it. */
function local(time: Date): string {
  return time.toLocaleString("sv-SE", { timeZone: ZONE, dateStyle: "short", timeStyle: "short" }).replace(" ", "T");
}

/** The table row that is headed or begins with `name`. */
const row = (page: Page, table: string, name: string | RegExp) =>
  page.getByRole("table", { name: table }).getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });

test("from an address to a migration that is planned in two phases", async ({ page, lab, service, operator }) => {
  test.setTimeout(240_000);
  const { source, destination, accounts, password } = lab.state;
  const [anna, , chloe, dmitri] = accounts;
  const walk = new Walk({ page, url: service.url, lab, look: async () => {}, voucher: async () => "" });
  await walk.introduction();

  await test.step("settings are found from the address, with where they came from", async () => {
    await lab.name({ name: "_imaps._tcp.old.example", srv: [[source.imaps_port, "localhost"]] });
    await lab.name({ name: "_imap._tcp.new.example", srv: [[destination.imap_port, "localhost"]] });
    const from = page.getByRole("region", { name: "From", exact: true });
    const search = page.getByRole("combobox", { name: "Current provider" });
    await search.fill("gmail");
    await search.press("Enter");
    await expect(from.getByText("imap.gmail.com")).toBeVisible();
    const instructions = from.getByRole("link", { name: text("en", "oauth.instructions") });
    await expect(instructions).toHaveAttribute("href", /^https:\/\/support\.google\.com\//);
    await search.fill("someone@nowhere.example");
    await search.blur();
    // What was chosen before does not come back in the place of the address.
    await expect(search).toHaveValue("someone@nowhere.example");
    await expect(from.getByText("imap.gmail.com")).toHaveCount(0);
    await expect(from.getByText("No settings were found for nowhere.example.")).toBeVisible({ timeout: 60_000 });
    await search.fill("anna@old.example");
    await expect(from.getByText(`localhost:${source.imaps_port}`)).toBeVisible({ timeout: 60_000 });
    await expect(from.getByText("Named by the domain itself, in DNS")).toBeVisible();
    await expect(from.getByText("A mail server answers there, with a valid certificate")).toBeVisible();
    expect(await violations(page)).toEqual([]);
    // What answers there is taken by itself, and can be changed.
    await expect(from.getByText("These settings are used.")).toBeVisible();
    await from.getByRole("button", { name: "Change them" }).click();
    const server = page.getByRole("group", { name: "Server of the current provider" });
    await expect(server.getByLabel("Server (host name)")).toHaveValue("localhost");
    await expect(server.getByLabel("Port")).toHaveValue(String(source.imaps_port));

    const to = page.getByRole("region", { name: "To", exact: true });
    await page.getByRole("combobox", { name: "New provider" }).fill("anna@new.example");
    await expect(to.getByText("These settings are used.")).toBeVisible({ timeout: 60_000 });
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Continue" }).click();
    await walk.at("Configure accounts");
    // The addresses need not be typed again.
    for (const [side, user] of [["Current account", "anna@old.example"], ["New account", "anna@new.example"]] as const) {
      await expect(page.getByRole("group", { name: side }).getByLabel("User name")).toHaveValue(user);
    }
    const id = /\/orders\/([0-9a-f-]{36})/.exec(page.url())![1]!;
    const order = await operator.call<Order & { destination: unknown }>("GET", `/orders/${id}`);
    expect(order.destination).toMatchObject({ endpoint: { host: "localhost", port: destination.imap_port, tls: "starttls" } });
  });

  const table = page.getByRole("table", { name: "Account pairs" });
  await test.step("an admin's credentials, entered once, open an account", async () => {
    await keepAdmin(page, lab);

    await page.getByRole("tab", { name: "Add account" }).click();
    const panel = page.getByRole("tabpanel", { name: "Add account" });
    const from = panel.getByRole("group", { name: "Current account" });
    await from.getByLabel("User name").fill(anna!.source_user);
    await from.getByText("Details").click();
    await from.getByRole("checkbox", { name: "Open with the admin login" }).check();
    const to = panel.getByRole("group", { name: "New account" });
    await to.getByLabel("User name").fill(anna!.destination_user);
    await to.getByLabel("Password", { exact: true }).fill(password);
    await panel.getByRole("button", { name: "Add account" }).click();
    const pair = table.getByRole("row").filter({ hasText: anna!.source_user });
    await expect(pair.getByText("Login works")).toHaveCount(2, { timeout: 60_000 });
    await expect(pair).toContainText("Open with the admin login");
    await expect(pair).not.toContainText("No password");
  });

  await test.step("rows of a file are put right in place", async () => {
    await page.getByRole("tab", { name: "Add multiple accounts" }).click();
    const panel = page.getByRole("tabpanel", { name: "Add multiple accounts" });
    const line = (host: string, from: string, to: string) => `${host};${from};${password};;${to};${password};;`;
    const lines = [line("no host!", chloe!.source_user, chloe!.destination_user), line("", "", dmitri!.destination_user), "three;poor;fields"];
    const file = { name: "accounts.csv", mimeType: "text/csv", buffer: Buffer.from(lines.join("\r\n")) };
    await panel.getByLabel("Choose file: file of accounts").setInputFiles(file);
    await expect(panel.getByText("3 lines have errors and are left out")).toBeVisible();
    const errors = panel.getByRole("table", { name: "Lines with errors" });
    await expect(errors).toContainText("Current server: This is not a server name.");
    await expect(errors).toContainText("Current account: This field is empty.");
    await expect(errors).toContainText("3 fields instead of 6–8.");
    expect(await violations(page)).toEqual([]);
    const put = async (cell: string, value: string): Promise<void> => {
      const field = errors.getByLabel(new RegExp(`^${cell}:`));
      await expect(field).toHaveAttribute("aria-invalid", "true");
      await field.fill(value);
      await field.press("Enter");
    };
    await put("Line 1, column 1", "");
    await expect(panel.getByText("1 account can be added")).toBeVisible();
    await put("Line 2, column 2", dmitri!.source_user);
    await expect(panel.getByText("2 accounts can be added")).toBeVisible();
    await expect(panel.getByText("1 line has an error and is left out")).toBeVisible();
    await panel.getByRole("button", { name: "Add 2 accounts" }).click();
    for (const account of [chloe, dmitri]) {
      const pair = table.getByRole("row").filter({ hasText: account!.source_user });
      await expect(pair.getByText("Login works")).toHaveCount(2, { timeout: 60_000 });
    }
    await page.getByRole("button", { name: "Continue" }).click();
    await walk.at("Confirm migration");
  });

  const id = /\/orders\/([0-9a-f-]{36})/.exec(page.url())![1]!;
  const read = () => operator.call<Order & { earliest_start?: string; delta_schedule?: { trigger: string } }>("GET", `/orders/${id}`);
  await test.step("the dry run shows each folder, and where it goes can be changed", async () => {
    const card = page.getByRole("region", { name: "Dry run", exact: true });
    const look = async (): Promise<void> => {
      await card.getByRole("button", { name: "Show what would be copied" }).click();
      await expect(card.getByRole("button", { name: "Show what would be copied" })).toBeEnabled({ timeout: 60_000 });
    };
    await look();
    await expect(card).toContainText(/would be copied\. .*folders? with \d+ messages? stays? behind/);
    const folders = "What would become of each folder";
    const inbox = (await lab.count(anna!))["INBOX"]!;
    await expect(row(page, folders, "INBOX").first().getByRole("cell").nth(1)).toHaveText(String(inbox));
    await expect(row(page, folders, "Trash").first()).toContainText("Left out: trash");
    await expect(row(page, folders, "Junk").first()).toContainText("Left out: spam");
    await expect(row(page, folders, "Trash").first()).toContainText(/\d+ messages? stays?/);
    await card.getByRole("button", { name: "New name of Archive/2019" }).first().click();
    const name = card.getByRole("textbox", { name: "New name of Archive/2019" });
    await expect(name).toBeFocused();
    await expect(name).toHaveValue("Archive/2019");
    await name.fill("Old/2019");
    await name.press("Enter");
    await expect(card.getByRole("button", { name: "New name of Archive/2019" }).first()).toBeFocused();
    // What is not saved yet is open to be seen.
    await expect(page.getByText("1 renamed", { exact: true })).toBeVisible();
    await expect(page.getByLabel("Folder at the current provider")).toHaveValue("Archive/2019");
    await expect(page.getByLabel("Name at the new provider")).toHaveValue("Old/2019");
    await look();
    await expect(row(page, folders, "Archive/2019").first()).toContainText("Old/2019");
    await expect(row(page, folders, "Archive/2019").first().getByText("new", { exact: true })).toBeVisible();
    expect(await violations(page)).toEqual([]);
  });

  await test.step("a first run at a time in one's own zone, a second one when the MX record has changed", async () => {
    await page.getByLabel("Voucher code").fill(await operator.voucher(3));
    await page.getByRole("button", { name: "Redeem voucher" }).click();
    await page.getByRole("radio", { name: /once your domain points to the new provider/ }).check();
    await page.getByRole("radio", { name: "Later" }).check();
    await expect(page.getByText(`In your time zone, ${ZONE}.`)).toBeVisible();
    const at = page.getByLabel("Date and time");
    await at.fill("2020-01-01T10:00");
    // What begins later is not started, but planned.
    await page.getByRole("button", { name: "Schedule migration" }).click();
    await expect(page.getByText("Choose a date and time in the future.")).toBeVisible();
    const wanted = new Date(Math.ceil(Date.now() / 60_000) * 60_000 + 3 * 86_400_000);
    await at.fill(local(wanted));
    await expect(page.getByText(/^First run finished about /)).toBeVisible({ timeout: 60_000 });
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Schedule migration" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Scheduled" })).toBeVisible();
    await expect(page.getByText(`(your time zone, ${ZONE})`)).toBeVisible();
    const order = await read();
    expect(order.state).toBe("scheduled");
    expect(new Date(order.earliest_start!)).toEqual(wanted);
    expect(order.delta_schedule?.trigger).toBe("mx_changed");
  });
});

/** Lets an account of its own hold this many messages of long ago, and of today. */
async function fill(lab: Lab, name: string, old: number, young: number): Promise<LabAccount> {
  const account = { source_user: `${name}@old.example`, destination_user: `${name}@new.example`, messages: old + young, size_bytes: 0, folders: 1 };
  const message = "From: a@b.example\r\nSubject: x\r\n\r\nx\r\n";
  const append = (date: string) => `APPEND INBOX ${date}{${message.length}+}\r\n${message}`;
  const commands = [...Array<string>(old).fill(append('"01-Feb-2020 10:00:00 +0000" ')), ...Array<string>(young).fill(append(""))];
  await imap(lab.state.source.imap_port, account.source_user, lab.state.password, commands);
  return account;
}

test("the free trial has a summary of its own, which follows the ticks", async ({ page, lab, service, operator }) => {
  const [nina, otto] = [await fill(lab, "nina", 4, 2), await fill(lab, "otto", 1, 3)];
  const order = await withAccounts(operator, lab, [nina, otto]);
  await open(page, operator, order);
  await page.goto(`${service.url}/orders/${order.id}/confirm`);
  const messages = page.locator(".fact").filter({ has: page.getByText("Messages", { exact: true }) }).locator("dd");
  await expect(messages).toHaveText("10");
  await page.getByRole("radio", { name: /Free trial/ }).check();
  await expect(messages).toHaveText("5", { timeout: 60_000 });
  expect(await violations(page)).toEqual([]);
  await page.getByRole("link", { name: "Back" }).click();
  await page.getByRole("checkbox", { name: `Include ${otto.source_user} → ${otto.destination_user} in the migration` }).uncheck();
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(messages).toHaveText("2", { timeout: 60_000 });
  await page.getByRole("radio", { name: /Full migration/ }).check();
  await expect(messages).toHaveText("6");
});

test("a reload goes on at the same step, and another device by the link that the step shows", async ({ page, browser, lab, service }) => {
  const walk = new Walk({ page, url: service.url, lab, look: async () => {}, voucher: async () => "" });
  await walk.introduction();
  await walk.providers();
  await walk.addAccount(lab.state.accounts[1]!, lab.state.password);
  const pairs = (at: Page) => at.getByRole("table", { name: "Account pairs" }).getByRole("row");
  await page.reload();
  await walk.at("Configure accounts");
  await expect(pairs(page)).toHaveCount(2);

  await page.getByText("Go on later or on another device").click();
  expect(await violations(page)).toEqual([]);
  const link = await page.locator(".later .mono").textContent();
  const device = await browser.newContext({ locale: "en-GB" });
  const elsewhere = await device.newPage();
  await elsewhere.goto(link!);
  const bar = elsewhere.getByRole("navigation", { name: "Steps" });
  await expect(bar.locator("[aria-current=step]")).toContainText("Confirm migration");
  await bar.getByRole("link", { name: /Configure accounts/ }).click();
  await expect(pairs(elsewhere)).toHaveCount(2);
  await expect(pairs(elsewhere).nth(1).getByText("Login works")).toHaveCount(2, { timeout: 60_000 });
  await device.close();
});

test("counting that goes on while one reloads fills in, and where status mails go can be put right after the start", async ({ page, lab, service, operator }) => {
  const account = lab.state.accounts[2]!;
  const order = await withAccounts(operator, lab, [account]);
  await open(page, operator, order);
  await page.goto(`${service.url}/orders/${order.id}/confirm`);
  await expect(page.getByText("Status mails go to owner@customer.example.")).toBeVisible();
  const messages = page.locator(".fact").filter({ has: page.getByText("Messages", { exact: true }) }).locator("dd");
  // Found is all; what is copied is told, and what stays by the options beneath.
  await expect(page.getByText(`${account.messages.toLocaleString("en")} found: `)).toBeVisible({ timeout: 60_000 });
  type Counted = { totals: { messages: number; trash: { messages: number }; junk: { messages: number } } };
  const { totals } = await operator.call<Counted>("GET", `/orders/${order.id}`);
  const stay = totals.trash.messages + totals.junk.messages;
  expect(stay).toBeGreaterThan(0);
  await expect(messages).toHaveText((account.messages - stay).toLocaleString("en"));
  await operator.redeem(order.id, await operator.voucher(1));
  await operator.start(order.id);
  await operator.watch(order.id, () => {}, 120);
  await page.goto(`${service.url}/orders/${order.id}/providers`);
  const address = page.getByLabel("Mail address for status mails");
  await address.fill("not an address");
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.locator("#notify-error .field-error")).toBeVisible();
  await address.fill("right@customer.example");
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Which accounts?" })).toBeVisible();
  const changed = await operator.call<{ notify_address: string }>("GET", `/orders/${order.id}`);
  expect(changed.notify_address).toBe("right@customer.example");
});

test("each layout has an example, and what a row lacks is asked for beside the file", async ({ page, lab, service, operator }) => {
  const { source, accounts, password } = lab.state;
  const order = await operator.createOrder(servers(lab));
  await open(page, operator, order);
  await page.goto(`${service.url}/orders/${order.id}/accounts`);
  await keepAdmin(page, lab);
  await page.getByRole("tab", { name: "Add multiple accounts" }).click();
  const panel = page.getByRole("tabpanel", { name: "Add multiple accounts" });
  const links = panel.getByRole("listitem").getByRole("link");
  await expect(links).toHaveText(["Full", "Request", "Standard", "Master user", "Pairs", "Microsoft"]);
  for (const link of await links.all()) {
    const answer = await page.request.get(service.url + (await link.getAttribute("href")));
    expect(answer.headers()["content-type"]).toContain("text/csv");
  }
  const anna = accounts[4]!;
  const line = `127.0.0.1:${source.imaps_port};${anna.source_user};;;${anna.destination_user};${password};;`;
  await panel.getByLabel("Choose file: file of accounts").setInputFiles({ name: "a.csv", mimeType: "text/csv", buffer: Buffer.from(`${line}\r\n`) });
  await expect(panel.getByText("1 account can be added")).toBeVisible();
  await panel.getByRole("checkbox", { name: "The admin opens current accounts without a password" }).check();
  const certificate = panel.getByLabel("Name in the current server’s certificate");
  await certificate.fill("no name!");
  await panel.getByRole("button", { name: "Add 1 account" }).click();
  await expect(panel.getByText("This is not a server name.")).toBeVisible();
  await certificate.fill("localhost");
  expect(await violations(page)).toEqual([]);
  await panel.getByRole("button", { name: "Add 1 account" }).click();
  const pair = page.getByRole("table", { name: "Account pairs" }).getByRole("row").filter({ hasText: anna.source_user });
  await expect(pair.getByText("Login works")).toHaveCount(2, { timeout: 60_000 });
  await expect(pair).toContainText("Open with the admin login");
});
