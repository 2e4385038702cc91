// Wrong input: each kind has its own words, in the page beside the thing it concerns.

import type { Page } from "@playwright/test";

import type { Endpoint } from "../support/api.ts";
import { violations } from "../support/axe.ts";
import type { Lab } from "../support/lab.ts";
import type { Service } from "../support/service.ts";
import { text } from "../support/texts.ts";
import { Walk } from "../support/walk.ts";
import { expect, test } from "./fixtures.ts";

/** A page that is at the step where accounts are entered. */
async function atAccounts(page: Page, lab: Lab, service: Service): Promise<Walk> {
  const voucher = async (): Promise<string> => "";
  const walk = new Walk({ page, url: service.url, lab, look: async () => {}, voucher });
  await walk.introduction();
  await walk.providers();
  return walk;
}

test("each way in which a login fails is explained in the account's row", async ({ page, lab, service }) => {
  const { host, mismatch_host, source, closed_port, smtp_port, password } = lab.state;
  const walk = await atAccounts(page, lab, service);
  const right: Required<Endpoint> = { host, port: source.imaps_port, tls: "implicit" };
  const cases: [string, Required<Endpoint>, string][] = [
    ["nohost", { ...right, host: "no-such-host.invalid" }, "There is no server of this name."],
    ["closed", { ...right, port: closed_port }, "The server does not answer on this port."],
    ["port", { ...right, port: 25 }, "Connections to this port are not allowed."],
    ["mismatch", { ...right, host: mismatch_host }, "The server’s certificate does not match the host name."],
    ["notimap", { host, port: smtp_port, tls: "starttls" }, "What answered there is not an IMAP server."],
  ];
  for (const [name, server] of cases) {
    const names = { source_user: `${name}@old.example`, destination_user: `${name}@new.example` };
    await walk.addAccount(names, password, server);
  }
  const table = page.getByRole("table", { name: "Account pairs" });
  for (const [name, , words] of cases) {
    await expect(table.getByRole("row").filter({ hasText: `${name}@old.example` })).toContainText(words, { timeout: 60_000 });
  }
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByText("5 accounts did not pass their check.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Start migration" })).toBeDisabled();
});

test("a certificate that does not verify is shown, accepted by hand, and taken back", async ({ page, lab, service }) => {
  const { mismatch_host, source, password } = lab.state;
  const walk = await atAccounts(page, lab, service);
  const names = { source_user: "pinned@old.example", destination_user: "pinned@new.example" };
  await walk.addAccount(names, password, { host: mismatch_host, port: source.imaps_port, tls: "implicit" });
  const row = page.getByRole("table", { name: "Account pairs" }).getByRole("row").filter({ hasText: names.source_user });
  await expect(row).toContainText("The server’s certificate does not match the host name.", { timeout: 60_000 });
  const what = row.getByText(text("en", "certificate.what"));
  const accept = row.getByRole("button", { name: `${text("en", "certificate.accept")}: ${names.source_user}` });
  await expect(accept).toBeHidden();
  await what.focus();
  await page.keyboard.press("Enter");
  await expect(row.getByText("Mailferry lab CA")).toBeVisible();
  await expect(row.getByText(`${text("en", "certificate.names")}: localhost, 127.0.0.1`)).toBeVisible();
  await expect(row.getByText(/^([0-9a-f]{2}:){7}[0-9a-f]{2}( ([0-9a-f]{2}:){7}[0-9a-f]{2}){3}$/)).toBeVisible();
  const compared = row.getByLabel(text("en", "certificate.compared"));
  await expect(compared).not.toBeChecked();
  await expect(accept).toBeDisabled();
  expect(await violations(page)).toEqual([]);
  await compared.focus();
  await page.keyboard.press("Space");
  await accept.focus();
  await page.keyboard.press("Enter");
  await expect(row).toContainText(text("en", "finding.certificate_pinned.cause").replace(/\.$/, ""), { timeout: 60_000 });
  // The button is gone: one goes on at the table, not at the top of the page.
  await expect(page.locator("#accounts-panel-overview")).toBeFocused();
  await what.click();
  await expect(row.getByText(`${text("en", "certificate.accepted")}: `)).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await row.getByRole("button", { name: `${text("en", "certificate.forget")}: ${names.source_user}` }).click();
  await expect(row).toContainText("The server’s certificate does not match the host name.", { timeout: 60_000 });
});

test("files that cannot be used are refused with the reason", async ({ page, lab, service }) => {
  await atAccounts(page, lab, service);
  await page.getByRole("tab", { name: "Add multiple accounts" }).click();
  const panel = page.getByRole("tabpanel", { name: "Add multiple accounts" });
  const choose = async (buffer: Buffer): Promise<void> => {
    const file = { name: "accounts.csv", mimeType: "text/csv", buffer };
    await panel.getByLabel("Choose file: file of accounts").setInputFiles(file);
  };
  await choose(Buffer.from(""));
  await expect(panel.getByText("The file is empty.")).toBeVisible();
  await choose(Buffer.from("PK\x03\x04 and so on", "latin1"));
  await expect(panel.getByText("This is not a text file.")).toBeVisible();
  await choose(Buffer.from("one;two\r\nthree;four\r\n"));
  await expect(panel.getByText(/No line could be used|could not be read|cannot be read/)).toBeVisible();
  expect(await violations(page)).toEqual([]);
});

test("a file is read in whatever encoding a spreadsheet has saved it", async ({ page, lab, service }) => {
  await atAccounts(page, lab, service);
  await page.getByRole("tab", { name: "Add multiple accounts" }).click();
  const panel = page.getByRole("tabpanel", { name: "Add multiple accounts" });
  const line = ";j\u00fcrgen@old.example;gr\u00f6\u00dfe;;j\u00fcrgen@new.example;gr\u00f6\u00dfe;;\r\n";
  const guessed = panel.getByText("The file is neither UTF-8 nor UTF-16");
  const files = [
    ["Windows-1252", Buffer.from(line, "latin1"), 1],
    ["UTF-16", Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(line, "utf16le")]), 0],
    ["UTF-8", Buffer.from(line), 0],
  ] as const;
  for (const [name, buffer, guesses] of files) {
    await panel.getByLabel("Choose file: file of accounts").setInputFiles({ name: `${name}.csv`, mimeType: "text/csv", buffer });
    await expect(panel.getByText(`${name}.csv`)).toBeVisible();
    await expect(panel.getByRole("table", { name: "Accounts found" })).toContainText("j\u00fcrgen@old.example");
    await expect(guessed).toHaveCount(guesses);
    await panel.getByRole("button", { name: "Choose another file" }).click();
  }
});

test("an order number alone opens nothing", async ({ page, operator, service }) => {
  const order = await operator.createOrder({});
  await page.goto(`${service.url}/orders/${order.id}/status`);
  await expect(page.getByRole("heading", { name: "This migration cannot be opened" })).toBeVisible();
  await page.goto(`${service.url}/nothing/here`);
  await expect(page.getByRole("heading", { name: "Page not found" })).toBeVisible();
});
