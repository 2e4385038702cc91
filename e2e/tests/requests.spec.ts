// Requested migrations: the customer's form and page, the operator's queue, the reseller's list.

import type { Browser, Page } from "@playwright/test";

import type { Api } from "../support/api.ts";
import { PASSWORD, as, look, operatorDesk, part, signIn } from "../support/console.ts";
import type { Lab, LabAccount } from "../support/lab.ts";
import { PRICE, payable } from "../support/paypal.ts";
import { expect, test } from "./fixtures.ts";

const CUSTOMER = "customer@requests.example";

/** A file in which every row names both servers' accounts; the servers are chosen beside it. */
function file(lab: Lab, accounts: LabAccount[], more = ""): { name: string; mimeType: string; buffer: Buffer } {
  const { password } = lab.state;
  const lines = accounts.map((account) => `;${account.source_user};${password};;${account.destination_user};${password};;`);
  return { name: "accounts.csv", mimeType: "text/csv", buffer: Buffer.from(`${lines.join("\r\n")}\r\n${more}`) };
}

/** Names the lab's servers, which are in no list. */
async function servers(page: Page, lab: Lab): Promise<void> {
  const { host, source, destination } = lab.state;
  const ends = [["Current provider", "Server of the current provider", source.imaps_port, "implicit"], ["New provider", "Server of the new provider", destination.imap_port, "starttls"]] as const;
  for (const [label, legend, port, tls] of ends) {
    await page.getByRole("combobox", { name: label }).click();
    await page.getByRole("option", { name: "Add missing provider or server" }).click();
    const group = page.getByRole("group", { name: legend });
    await group.getByLabel("Server (host name)").fill(host);
    await group.getByLabel("Encryption").selectOption(tls);
    await group.getByLabel("Port").fill(String(port));
  }
}

/** Fills in the form and sends it; the page of the request is open then. */
async function ask(page: Page, url: string, lab: Lab, accounts: LabAccount[], contact: string): Promise<string> {
  await page.goto(`${url}/request`);
  await page.getByLabel("Choose file: file of accounts").setInputFiles(file(lab, accounts));
  await expect(page.getByText(accounts.length === 1 ? "1 account can be added" : `${accounts.length} accounts can be added`)).toBeVisible();
  await servers(page, lab);
  await page.getByLabel("Your mail address").fill(contact);
  await page.getByRole("checkbox", { name: "I accept the terms of service" }).check();
  await page.getByRole("checkbox", { name: "I have read the privacy statement" }).check();
  await page.getByRole("button", { name: "Send the request" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Your request has been sent" })).toBeVisible();
  return /\/orders\/([0-9a-f-]{36})\/request/.exec(page.url())![1]!;
}

/** The operator's desk, at the queue. */
async function operatorPage(browser: Browser, operator: Api, url: string): Promise<Page> {
  const desk = await operatorDesk(browser, operator, url);
  await part(desk, "Requested migrations");
  return desk;
}

/** A time as a field of the browser takes it. */
function local(hours: number): string {
  const time = new Date(Date.now() + hours * 3_600_000);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Hours until the same time of the next day of the week, 0 for Sunday, at least `ahead` hours from now. */
function hoursUntil(weekday: number, ahead: number): number {
  for (let hours = ahead; ; hours += 1) {
    if (new Date(Date.now() + hours * 3_600_000).getDay() === weekday) return hours;
  }
}

test("a customer asks, the operator accepts and starts, and everybody sees each step", async ({ page, browser, operator, service, lab }) => {
  test.setTimeout(300_000);
  const account = lab.state.accounts[3]!;

  await test.step("the start page leads to the form, which says what is missing", async () => {
    await page.goto(service.url);
    await page.getByRole("link", { name: "Have it done for you" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Have it done for you" })).toBeVisible();
    await expect(page.getByText("We need 24 hours’ notice, and 48 hours for a start on a Saturday or Sunday.")).toBeVisible();
    await page.getByRole("button", { name: "Send the request" }).click();
    await expect(page.getByText("Type at least one account, or choose a file with at least one good line.")).toBeVisible();
    await expect(page.getByText("Accept the terms of service to go on.")).toBeVisible();
    await expect(page.getByText("4 entries are missing or not right")).toBeVisible();
    await look(page, "form with errors");
  });

  await test.step("too short a notice is told while it is typed, and more is needed for a weekend", async () => {
    const field = page.getByLabel("Wished start");
    await field.fill(local(23));
    await expect(page.getByText(/This is less than 24 hours ahead|On a Saturday or Sunday/)).toBeVisible();
    const saturday = hoursUntil(6, 25);
    await field.fill(local(Math.min(saturday, 47)));
    if (saturday < 48) await expect(page.getByText("On a Saturday or Sunday the start must be 48 hours ahead.")).toBeVisible();
    await field.fill(local(24 * 100));
    await expect(page.getByText("Choose a time within the next 90 days.")).toBeVisible();
    await field.fill(local(hoursUntil(2, 49)));
    await expect(page.locator("#wished-start-error .field-error")).toHaveCount(0);
  });

  await test.step("a file is shown with its bad row, which is put right in place", async () => {
    await page.getByLabel("Choose file: file of accounts").setInputFiles(file(lab, [account], "only;two\r\n"));
    await expect(page.getByText("1 account can be added")).toBeVisible();
    // Above the row, and where one sends.
    await expect(page.getByText("1 line has an error and is left out")).toHaveCount(2);
    await servers(page, lab);
  });

  await test.step("contacts go along, other files do not", async () => {
    const choose = page.getByLabel("Choose files: Contacts and calendars");
    await choose.setInputFiles({ name: "virus.exe", mimeType: "application/octet-stream", buffer: Buffer.from("MZ") });
    await expect(page.getByText("“virus.exe” is neither a .vcf nor an .ics file.")).toBeVisible();
    const card = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Anna\r\nEND:VCARD\r\n";
    await choose.setInputFiles({ name: "contacts.vcf", mimeType: "text/vcard", buffer: Buffer.from(card) });
    const dropped = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(["no calendar"], "broken.ics", { type: "text/calendar" }));
      return data;
    });
    await page.getByTestId("files-drop").dispatchEvent("drop", { dataTransfer: dropped });
    await expect(page.getByText("broken.ics")).toBeVisible();
    await page.getByLabel("Your mail address").fill(CUSTOMER);
    await page.getByLabel("Note").fill("Call me before you start: <b>+47 12 34 56 78</b>");
    await page.getByRole("checkbox", { name: "I accept the terms of service" }).check();
    await page.getByRole("checkbox", { name: "I have read the privacy statement" }).check();
    await page.getByRole("button", { name: "Send the request" }).click();
    await expect(page.locator("li").filter({ hasText: "broken.ics" }).locator(".field-error")).toBeVisible();
    await look(page, "form filled in");
    await page.getByRole("button", { name: "Delete broken.ics" }).click();
    await page.getByRole("button", { name: "Send the request" }).click();
  });

  const order = await test.step("the page of the request stays under its address", async () => {
    await expect(page.getByRole("heading", { level: 1, name: "Your request has been sent" })).toBeVisible();
    await expect(page.getByText("Call me before you start: <b>+47 12 34 56 78</b>")).toBeVisible();
    await expect(page.getByText("contacts.vcf")).toBeVisible();
    await look(page, "request sent");
    const id = /\/orders\/([0-9a-f-]{36})\/request/.exec(page.url())![1]!;
    await page.reload();
    await expect(page.getByRole("heading", { level: 1, name: "Your request has been sent" })).toBeVisible();
    return id;
  });

  await test.step("the link in the mail leads there too", async () => {
    const mail = await lab.mail("the request was received", ({ envelope_to, text }) => envelope_to.includes(CUSTOMER) && text.includes(order));
    const link = /https?:\/\/\S+\/orders\/\S+#token=[\w-]+/.exec(mail.text)![0];
    const context = await browser.newContext({ locale: "en-GB" });
    const elsewhere = await context.newPage();
    await elsewhere.goto(link);
    await expect(elsewhere.getByRole("heading", { level: 1, name: "Your request has been sent" })).toBeVisible();
    await context.close();
  });

  const desk = await operatorPage(browser, operator, service.url);
  await test.step("the operator finds it in the queue, with accounts, note and file", async () => {
    await expect(desk.getByRole("heading", { level: 1, name: "Requested migrations" })).toBeVisible();
    const row = desk.getByRole("row").filter({ hasText: CUSTOMER });
    await expect(row).toContainText("Requested");
    await look(desk, "queue");
    await desk.getByRole("button", { name: "Closed", exact: true }).click();
    await expect(desk.getByText("Nothing is waiting here.")).toBeVisible();
    await desk.getByRole("button", { name: "Waiting for us" }).click();
    await row.getByRole("link", { name: CUSTOMER }).click();
    await expect(desk.getByRole("heading", { level: 1, name: `Request of ${CUSTOMER}` })).toBeVisible();
    await expect(desk.getByText("<b>+47 12 34 56 78</b>")).toBeVisible();
    await expect(desk.getByRole("table", { name: "Accounts" })).toContainText(account.source_user);
    const download = desk.waitForEvent("download");
    await desk.getByRole("link", { name: "Download contacts.vcf" }).click();
    expect((await download).suggestedFilename()).toBe("contacts.vcf");
    await look(desk, "request");
  });

  await test.step("accepting it is seen by the customer", async () => {
    await desk.getByRole("button", { name: "Accept" }).click();
    const question = desk.getByRole("dialog", { name: "Accept this request?" });
    await look(desk, "accept dialog");
    await question.getByRole("button", { name: "Accept" }).click();
    await expect(desk.getByRole("button", { name: "Start", exact: true })).toBeVisible();
    await expect(page.getByRole("heading", { level: 1, name: "We will do it" })).toBeVisible({ timeout: 60_000 });
    await look(page, "request accepted");
  });

  await test.step("started after a question, it runs and is supervised", async () => {
    await desk.getByRole("button", { name: "Start", exact: true }).click();
    const dialog = desk.getByRole("dialog", { name: "Start this migration?" });
    await dialog.getByLabel("Earliest start").fill("");
    await dialog.getByRole("button", { name: "Start", exact: true }).click();
    await expect(dialog.getByText("Choose a date and a time.")).toBeVisible();
    await look(desk, "start dialog");
    await dialog.getByRole("radio", { name: "Some hours after the first run" }).check();
    await expect(dialog.getByLabel("Hours, from 4 to 23")).toHaveValue("8");
    await look(desk, "start dialog with a delay");
    await dialog.getByRole("radio").first().check();
    await dialog.getByLabel("Earliest start").fill(local(0));
    await dialog.getByRole("checkbox", { name: "Do not charge for it" }).check();
    await dialog.getByRole("button", { name: "Start", exact: true }).click();
    await expect(dialog).toBeHidden();
    await expect(page.getByRole("heading", { level: 1, name: "Everything has been migrated" })).toBeVisible({ timeout: 120_000 });
    await expect(page.getByText("Not charged")).toBeVisible();
    await look(page, "request done");
    expect((await lab.compare(account, { leaveOut: ["Trash", "Junk"] })).counters.missing).toBe(0);
    await expect(desk.getByText("Done", { exact: true })).toBeVisible({ timeout: 60_000 });
    await desk.getByRole("link", { name: "Supervise" }).click();
    await expect(desk.getByRole("heading", { level: 1, name: account.source_user })).toBeVisible();
    await expect(desk.getByRole("link", { name: "Requested migrations", exact: true })).toBeVisible();
    await page.getByRole("link", { name: "Open the status page" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Your mail has arrived" })).toBeVisible();
  });
  await desk.context().close();
});

test("a few accounts are typed one by one, whatever characters their passwords have", async ({ page, operator, service, lab }) => {
  const accounts = lab.state.accounts.slice(0, 2);
  await page.goto(`${service.url}/request`);
  await servers(page, lab);
  const account = (number: number) => page.getByRole("group", { name: `Account ${number}`, exact: true });
  for (const [at, { source_user, destination_user }] of accounts.entries()) {
    if (at > 0) await page.getByRole("button", { name: "One more account" }).click();
    const fields = account(at + 1);
    await fields.getByLabel("Current account").fill(source_user);
    await fields.getByLabel("Password", { exact: true }).first().fill(`a;"b",c\\${at}`);
    await fields.getByLabel("New account").fill(destination_user);
    await fields.getByLabel("Password", { exact: true }).last().fill("secret");
  }
  await page.getByRole("button", { name: "One more account" }).click();
  await page.getByRole("button", { name: "Delete Account 3" }).click();
  await expect(account(3)).toHaveCount(0);
  await look(page, "typed accounts");
  await page.getByLabel("Your mail address").fill("typed@requests.example");
  await page.getByRole("checkbox", { name: "I accept the terms of service" }).check();
  await page.getByRole("checkbox", { name: "I have read the privacy statement" }).check();
  await page.getByRole("button", { name: "Send the request" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Your request has been sent" })).toBeVisible();
  const id = /\/orders\/([0-9a-f-]{36})\/request/.exec(page.url())![1]!;
  const { items } = await operator.call<{ items: { source: { user: string }; destination: { user: string } }[] }>("GET", `/orders/${id}/accounts`);
  expect(items.map(({ source, destination }) => [source.user, destination.user])).toEqual(accounts.map((each) => [each.source_user, each.destination_user]));
});

test("an accepted request is paid for with PayPal, and is then started as agreed", async ({ page, lab }) => {
  test.setTimeout(240_000);
  await payable(lab, PRICE, async ({ paypal, service, operator }) => {
    const account = lab.state.accounts[1]!;
    const order = await ask(page, service.url, lab, [account], "payer@requests.example");
    const { items } = await operator.call<{ items: { id: string }[] }>("GET", "/requests");
    await operator.call("POST", `/requests/${items[0]!.id}/accept`);
    await operator.call("POST", `/requests/${items[0]!.id}/start`, { earliest_start: new Date().toISOString() });
    const title = page.getByRole("heading", { level: 1 });
    await expect(title).toHaveText("We will do it", { timeout: 60_000 });
    await expect(page.getByText("One thing is left: payment")).toBeVisible();
    await expect(page.getByText("1 × €14.90")).toBeVisible();
    await look(page, "a request that waits for payment");
    await page.getByRole("link", { name: "Pay", exact: true }).click();
    await expect(page.getByRole("heading", { name: "Pay for the migration" })).toBeVisible();
    // What the operator starts cannot be started here.
    await expect(page.getByRole("button", { name: "Start migration" })).toHaveCount(0);
    const bill = page.locator(".bill");
    for (const line of ["1 account at €14.90€14.90", "Total€14.90", "VAT 19% included€2.38"]) await expect(bill).toContainText(line);
    await look(page, "paying for a request");

    await page.getByRole("button", { name: /^Pay .* with PayPal$/ }).click();
    await page.getByRole("link", { name: "Cancel and return" }).click({ timeout: 60_000 });
    await expect(page.getByText("The payment was cancelled; nothing was taken.")).toBeVisible();
    await page.getByRole("button", { name: /^Pay .* with PayPal$/ }).click();
    await page.getByRole("link", { name: "Agree and pay" }).click({ timeout: 60_000 });
    // Once it is paid for, the page of the request is open again.
    await page.waitForURL(`${service.url}/orders/${order}/request`, { timeout: 60_000 });
    expect(paypal.taken).toEqual(["14.90 EUR"]);
    await expect(title).toHaveText("Everything has been migrated", { timeout: 120_000 });
    expect((await lab.compare(account, { leaveOut: ["Trash", "Junk"] })).counters.missing).toBe(0);
  });
});

test("a request is declined with a reason, or cancelled by its customer", async ({ page, browser, operator, service, lab }) => {
  test.setTimeout(240_000);
  const accounts = lab.state.accounts.slice(4, 5);
  await ask(page, service.url, lab, accounts, "declined@requests.example");
  const desk = await operatorPage(browser, operator, service.url);
  await desk.getByRole("link", { name: "declined@requests.example" }).click();
  await desk.getByRole("button", { name: "Decline" }).click();
  const dialog = desk.getByRole("dialog", { name: "Decline this request?" });
  await dialog.getByRole("button", { name: "Decline" }).click();
  await expect(dialog.locator(".field-error")).toBeVisible();
  await look(desk, "decline dialog");
  await dialog.getByLabel("Reason, for the customer").fill("The old provider has switched IMAP off.");
  await dialog.getByRole("button", { name: "Decline" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("heading", { level: 1, name: "We cannot do this migration" })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText("The old provider has switched IMAP off.")).toBeVisible();
  await look(page, "request declined");

  await ask(page, service.url, lab, accounts, "cancelled@requests.example");
  await page.getByRole("button", { name: "Cancel the request" }).click();
  const question = page.getByRole("dialog", { name: "Cancel this request?" });
  await look(page, "cancel dialog");
  await question.getByRole("button", { name: "Cancel the request" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "The request was cancelled" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Cancel the request" })).toHaveCount(0);
  await desk.context().close();
});

test("by a reseller's link the form bears their name, and the reseller sees what was asked", async ({ page, browser, operator, service, lab }) => {
  test.setTimeout(240_000);
  const mail = `chief-${Date.now()}@asked.example`;
  const admin = { name: "Chief", mail, password: PASSWORD };
  await operator.call("POST", "/tenants", { name: "Fjord Hosting", admin });
  await signIn(page, service.url, mail, PASSWORD);
  await page.getByRole("link", { name: "Requested migrations" }).click();
  await expect(page.getByText("Nobody has asked for a migration.")).toBeVisible();
  const { host, destination } = lab.state;
  const { url } = await as<{ url: string }>(page, service.url, "/links", {
    name: "fjord",
    brand: { name: "Fjord Mail Move" },
    destination: { endpoint: { host, port: destination.imap_port, tls: "starttls" } },
  });
  await page.reload();
  const addresses = page.getByRole("region", { name: "Where your customers ask" });
  await expect(addresses.getByRole("heading", { name: "fjord" })).toBeVisible();
  await expect(addresses.locator(".copyline .mono")).toHaveText(url.replace("/#", "/request#"));
  const context = await browser.newContext({ locale: "en-GB" });
  const customer = await context.newPage();
  await customer.goto(url.replace("/#", "/request#"));
  await expect(customer.getByRole("banner")).toContainText("Fjord Mail Move");
  await expect(customer.getByRole("combobox", { name: "Current provider" })).toBeVisible();
  await expect(customer.getByRole("combobox", { name: "New provider" })).toHaveCount(0);
  const account = lab.state.accounts[5]!;
  const { source, password } = lab.state;
  await customer.getByRole("combobox", { name: "Current provider" }).click();
  await customer.getByRole("option", { name: "Add missing provider or server" }).click();
  const group = customer.getByRole("group", { name: "Server of the current provider" });
  await group.getByLabel("Server (host name)").fill(host);
  await group.getByLabel("Port").fill(String(source.imaps_port));
  await customer.getByText("Paste the lines instead").click();
  await customer.getByLabel("Lines with accounts").fill(`;${account.source_user};${password};;${account.destination_user};${password};;`);
  await customer.getByRole("button", { name: "Read the lines" }).click();
  await expect(customer.getByText("1 account can be added")).toBeVisible();
  await customer.getByLabel("Your mail address").fill("fjord@requests.example");
  await customer.getByRole("checkbox", { name: "I accept the terms of service" }).check();
  await customer.getByRole("checkbox", { name: "I have read the privacy statement" }).check();
  await customer.getByRole("button", { name: "Send the request" }).click();
  await expect(customer.getByRole("heading", { level: 1, name: "Your request has been sent" })).toBeVisible();
  await expect(customer.getByRole("banner")).toContainText("Fjord Mail Move");
  await context.close();

  await page.reload();
  const row = page.getByRole("row").filter({ hasText: account.source_user });
  await expect(row).toContainText("Requested");
  await look(page, "the reseller's requests");
  await row.getByRole("link", { name: new RegExp(account.source_user) }).click();
  // Within the console, not on the customer's page.
  await expect(page.getByRole("heading", { level: 1, name: account.source_user })).toBeVisible();
  await expect(page.getByRole("region", { name: "Details" })).toContainText("Requested");

  const desk = await operatorPage(browser, operator, service.url);
  const asked = desk.getByRole("row").filter({ hasText: "fjord@requests.example" });
  await expect(asked).toBeVisible();
  const tenant = desk.getByLabel("Tenant");
  await tenant.selectOption({ label: "Fjord Hosting" });
  await expect(desk.locator("tbody tr")).toHaveCount(1);
  await expect(asked).toContainText("Fjord Hosting");
  const another = await tenant.locator("option").filter({ hasNotText: /All tenants|Fjord Hosting/ }).first().getAttribute("value");
  await tenant.selectOption(another!);
  await expect(asked).toHaveCount(0);
  await tenant.selectOption({ label: "All tenants" });
  await expect(asked).toBeVisible();
  await desk.context().close();
});
