// Coming back: a session that has ended, a service that is silent, a date of which a part is missing, and what the next
// run copies once the options are changed.

import { readFileSync } from "node:fs";

import { violations } from "../support/axe.ts";
import { imap } from "../support/imap.ts";
import { completed, open, servers, withAccounts } from "../support/ready.ts";
import { text } from "../support/texts.ts";
import { expect, test } from "./fixtures.ts";

test("the console's way to the file of accounts leads straight there", async ({ page, lab, operator, service }) => {
  const order = await operator.createOrder(servers(lab));
  await open(page, operator, order);
  await page.goto("about:blank");
  await page.goto(`${service.url}/orders/${order.id}/accounts#import`);
  await expect(page.getByRole("tab", { name: "Add multiple accounts" })).toHaveAttribute("aria-selected", "true");
  await expect(page.getByLabel("Choose file: file of accounts")).toBeAttached();
});

test("a session that has ended says so, and what was typed is still there once the link was opened again", async ({ page, lab, operator, service }) => {
  const order = await operator.createOrder(servers(lab));
  await open(page, operator, order);
  await page.goto(`${service.url}/orders/${order.id}/accounts`);
  await page.getByRole("tab", { name: "Add account" }).click();
  const panel = page.getByRole("tabpanel", { name: "Add account" });
  const account = lab.state.accounts[1]!;
  for (const [side, user] of [["Current account", account.source_user], ["New account", account.destination_user]] as const) {
    await panel.getByRole("group", { name: side }).getByLabel("User name").fill(user);
    await panel.getByRole("group", { name: side }).getByLabel("Password", { exact: true }).fill(lab.state.password);
  }
  await page.context().clearCookies();
  await panel.getByRole("button", { name: "Add account" }).click();
  await expect(panel.getByText(text("en", "problem.not_signed_in"))).toBeVisible();
  expect(await violations(page)).toEqual([]);
  const again = await page.context().newPage();
  await open(again, operator, order);
  await again.close();
  await expect(panel.getByRole("group", { name: "Current account" }).getByLabel("User name")).toHaveValue(account.source_user);
  await panel.getByRole("button", { name: "Add account" }).click();
  const pair = page.getByRole("table", { name: "Account pairs" }).getByRole("row").filter({ hasText: account.source_user });
  await expect(pair.getByText("Login works")).toHaveCount(2, { timeout: 60_000 });

  await page.context().clearCookies();
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: "This migration cannot be opened" })).toBeVisible();
});

test("a date of which a part is missing is not taken for none", async ({ page, lab, operator, service }) => {
  const order = await withAccounts(operator, lab, lab.state.accounts.slice(1, 2));
  await open(page, operator, order);
  await page.goto(`${service.url}/orders/${order.id}/confirm`);
  const since = page.getByLabel("Only mail since");
  await since.focus();
  await page.keyboard.type("0203");
  await page.getByRole("button", { name: "Show what would be copied" }).click();
  await expect(since).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByText("A date is not complete: fill it in, or empty it.")).toBeVisible();
  await expect(since).toBeFocused();
  await since.fill("2020-02-03");
  await page.getByRole("button", { name: "Show what would be copied" }).click();
  await expect(since).not.toHaveAttribute("aria-invalid", "true");
  await expect(page.getByRole("region", { name: "Dry run", exact: true })).toContainText(/messages? \(.*\) would be copied\./, { timeout: 120_000 });

  await page.getByRole("radio", { name: "Free trial" }).check();
  await page.getByRole("radio", { name: "Later" }).check();
  const at = page.getByLabel("Date and time");
  await at.fill("");
  await at.focus();
  await page.keyboard.type("0203");
  await page.getByRole("button", { name: "Schedule free trial" }).click();
  await expect(page.getByText("Choose a date and time in the future.")).toBeVisible();
  expect((await operator.call<{ state: string }>("GET", `/orders/${order.id}`)).state).toBe("draft");
});

test("what the options left out is copied by the next run once they are changed", async ({ page, lab, operator }) => {
  test.setTimeout(180_000);
  const { source, password } = lab.state;
  const names = { source_user: "olga@old.example", destination_user: "olga@new.example" };
  const message = (subject: string, size: number) => `From: a@b.example\r\nSubject: ${subject}\r\n\r\n${"x".repeat(60)}\r\n`.padEnd(size, "y\r\n");
  const append = (words: string) => `APPEND INBOX "01-Feb-2020 10:00:00 +0000" {${words.length}+}\r\n${words}`;
  await imap(source.imap_port, names.source_user, password, [append(message("Small", 10)), append(message("The large one", 1_100_000))]);
  const order = await operator.createOrder({ ...servers(lab), options: { max_message_bytes: 1_000_000, show_subjects: true } });
  await operator.addAccount(order.id, { user: names.source_user, password }, { user: names.destination_user, password });
  await operator.check(order.id);
  await operator.redeem(order.id, await operator.voucher(1));
  await operator.start(order.id);
  await operator.watch(order.id, () => {}, 120);
  await open(page, operator, order);

  await test.step("the protocol names the subject, because its owner wants it", async () => {
    await page.getByRole("button", { name: `Protocol of ${names.source_user}` }).click();
    const items = page.getByRole("dialog").getByRole("table", { name: "Messages to look at" });
    await expect(items.getByRole("row").filter({ hasText: "The large one" })).toContainText("The message is larger than the limit.");
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  });

  await test.step("all accounts stand in one file", async () => {
    const link = page.getByRole("link", { name: text("en", "status.report_download") });
    const [file] = await Promise.all([page.waitForEvent("download"), link.click()]);
    const csv = readFileSync(await file.path(), "utf8");
    expect(file.suggestedFilename()).toMatch(/\.csv$/);
    expect(csv).toContain(names.source_user);
    expect(csv).toContain(names.destination_user);
  });

  const options = page.getByRole("form", { name: "What the next run copies" });
  await options.getByLabel("Largest message, in MB").fill("5");
  expect(await violations(page)).toEqual([]);
  await options.getByRole("button", { name: "Save options" }).click();
  await expect(options.getByRole("button", { name: "Save options" })).toHaveCount(0);
  await page.getByRole("button", { name: "Start delta migration" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Start delta now" }).click();
  const row = page.getByRole("table", { name: "Accounts and their progress" }).getByRole("row").filter({ hasText: names.source_user });
  await expect(row).toContainText("2 messages arrived", { timeout: 60_000 });
  const { counters } = await lab.compare({ ...names, messages: 2, size_bytes: 0, folders: 1 });
  expect([counters["missing"], counters["extra"]]).toEqual([0, 0]);
});

test("the status page says since when the service is silent, and goes on by itself", async ({ page, lab, operator }) => {
  test.setTimeout(300_000);
  const order = await completed(operator, lab, lab.state.accounts.slice(3, 4));
  await open(page, operator, order);
  await expect(page.getByRole("heading", { level: 1, name: "Your mail has arrived" })).toBeVisible();
  const body = JSON.stringify({ type: "/problems/unavailable", title: "Busy", status: 503, code: "unavailable", detail: "Busy" });
  await page.route("**/progress", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body }));
  const silent = page.getByText(/The service does not answer at the moment\. This is how it was on /);
  await expect(silent).toBeVisible({ timeout: 120_000 });
  await expect(page.getByRole("heading", { level: 1, name: "Your mail has arrived" })).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.unroute("**/progress");
  await expect(silent).toHaveCount(0, { timeout: 120_000 });

  // Whoever may not look any more is told so, and does not go on looking at what was.
  await page.context().clearCookies();
  await expect(page.getByRole("heading", { level: 1, name: text("en", "lost.ended_title") })).toBeVisible({ timeout: 120_000 });
  await expect(page.getByRole("button", { name: "Start delta migration" })).toHaveCount(0);
  expect(await violations(page)).toEqual([]);
});
