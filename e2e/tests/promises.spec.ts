// What is told before the start, while it runs and afterwards, a file that is dropped, and a tab that nobody looks at: what
// no other test of the page shows of the sentences in PRODUCT.md. Texts are taken by their key.

import type { Page } from "@playwright/test";

import { SlowLine } from "../support/line.ts";
import { completed, open, servers, withAccounts } from "../support/ready.ts";
import { text as inLanguage } from "../support/texts.ts";
import { expect, test } from "./fixtures.ts";

const STEPS = ["Introduction", "Select provider", "Configure accounts", "Confirm migration", "Observe migration"];
/** So slow that it goes on for as long as one looks, bytes a second. */
const CRAWL = 1_000;

const text = (key: string, values: Record<string, string> = {}): string => inLanguage("en", key, values);

/** What stands in the field of facts with this name. */
const fact = (page: Page, key: string) =>
  page.locator(".fact").filter({ has: page.getByText(text(key), { exact: true }) }).locator("dd").first();

test("the start page has five steps, and says what comes along, what does not, and what to mind", async ({ page, service }) => {
  await page.goto(service.url);
  const steps = page.getByRole("navigation", { name: text("steps.label") }).getByRole("listitem");
  await expect(steps).toHaveCount(STEPS.length);
  for (const [at, name] of STEPS.entries()) await expect(steps.nth(at)).toContainText(name);
  const numbered = (key: string, count: number) => Array.from({ length: count }, (_, at) => `intro.${key}_${at + 1}`);
  for (const key of [...numbered("moved", 5), ...numbered("not", 4), ...numbered("advice", 4), "intro.trust"]) {
    await expect(page.getByText(text(key), { exact: true })).toBeVisible();
  }
  await expect(page.getByText(text("intro.not_5", { size: "50 MB" }), { exact: true })).toBeVisible();
});

test("before the start stand the sums, each account, and how to use the mailboxes meanwhile", async ({ page, lab, operator, service }) => {
  const accounts = lab.state.accounts.slice(1, 3);
  const order = await withAccounts(operator, lab, accounts);
  await open(page, operator, order);
  await page.goto(`${service.url}/orders/${order.id}/confirm`);
  await expect(fact(page, "confirm.accounts")).toHaveText(text("confirm.accounts_of", { ticked: "2", count: "2" }));
  for (const key of ["confirm.messages", "confirm.size"]) await expect(fact(page, key)).toHaveText(/\d/, { timeout: 60_000 });
  await expect(fact(page, "confirm.estimate")).not.toHaveText(text("confirm.estimate_unknown"), { timeout: 60_000 });
  await expect(fact(page, "confirm.estimate")).not.toBeEmpty();
  await page.locator("summary").filter({ hasText: text("confirm.details") }).click();
  for (const { source_user } of accounts) {
    const row = page.getByRole("row").filter({ hasText: source_user });
    await expect(row).toContainText(text("confirm.passed"));
    await expect(row.getByRole("cell").last()).toHaveText(/\d/);
  }
  // A trial has less to mind.
  await page.getByRole("radio", { name: text("confirm.full") }).check();
  for (const at of [1, 2, 3, 4]) await expect(page.getByText(text(`confirm.guide_${at}`), { exact: true })).toBeVisible();
});

test("a file of accounts can be dropped", async ({ page, lab, operator, service }) => {
  const order = await operator.createOrder(servers(lab));
  await open(page, operator, order);
  await page.goto(`${service.url}/orders/${order.id}/accounts#import`);
  const dropped = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File([";ada@old.example;x;;ada@new.example;y;;\r\n"], "accounts.csv", { type: "text/csv" }));
    return data;
  });
  await page.getByTestId("drop-zone").dispatchEvent("drop", { dataTransfer: dropped });
  await expect(page.getByText(text("import.good_rows.one", { count: "1" }))).toBeVisible();
});

test("the status page of a trial says that it is one", async ({ page, lab, operator }) => {
  const order = await withAccounts(operator, lab, lab.state.accounts.slice(1, 2));
  const earliest_start = new Date(Date.now() + 3 * 86_400_000).toISOString();
  await operator.call("POST", `/orders/${order.id}/start`, { kind: "trial", earliest_start });
  await open(page, operator, order);
  await expect(page.getByText(text("status.trial_title"), { exact: true })).toBeVisible();
  await expect(page.getByText(text("status.trial_text.other", { count: "10" }))).toBeVisible();
});

test("while it runs one may close the window, and a hidden tab asks for nothing", async ({ page, lab, operator }) => {
  test.setTimeout(240_000);
  const { closed_port, source, password } = lab.state;
  const account = lab.state.accounts[1]!;
  const line = await SlowLine.start(closed_port, source.imaps_port);
  const order = await operator.createOrder({ ...servers(lab), notify_address: "owner@customer.example" });
  const endpoint = { host: "localhost", port: line.port, tls: "implicit" } as const;
  await operator.addAccount(order.id, { user: account.source_user, password, endpoint }, { user: account.destination_user, password });
  await operator.check(order.id);
  await operator.redeem(order.id, await operator.voucher(1));
  line.slow(CRAWL);
  await operator.start(order.id);
  await open(page, operator, order);
  await expect(page.getByText(text("status.lead_active"), { exact: true })).toBeVisible({ timeout: 60_000 });
  for (const key of ["status.created", "status.started"]) await expect(fact(page, key)).toHaveText(/\d/);
  await expect(fact(page, "status.accounts")).toHaveText("1");
  for (const key of ["status.eta", "status.rate"]) await expect(fact(page, key)).not.toBeEmpty();
  await expect(page.getByText(order.id, { exact: true })).toBeVisible();

  let asked = 0;
  page.on("request", (request) => request.url().endsWith("/progress") && (asked += 1));
  const asksAgain = async (): Promise<void> => {
    const before = asked;
    await expect.poll(() => asked, { timeout: 60_000 }).toBeGreaterThan(before + 1);
  };
  await asksAgain();
  await page.evaluate(() => Object.defineProperty(document, "hidden", { configurable: true, get: () => true }));
  // What was under way when nobody looked any more is still asked for.
  await expect(async () => {
    const before = asked;
    await page.waitForTimeout(6_000);
    expect(asked).toBe(before);
  }).toPass({ timeout: 60_000 });
  await page.evaluate(() => Reflect.deleteProperty(document, "hidden"));
  await asksAgain();
  await operator.call("POST", `/orders/${order.id}/cancel`);
  line.stop();
});

test("once the mail has arrived the page says what to do next, and a protocol is read anew", async ({ page, lab, operator }) => {
  test.setTimeout(180_000);
  const account = lab.state.accounts[2]!;
  const order = await completed(operator, lab, [account]);
  await open(page, operator, order);
  const next = page.getByRole("region", { name: text("status.next_title") });
  for (const at of [1, 2, 3, 5]) await expect(next.getByText(text(`status.next_${at}`), { exact: true })).toBeVisible();
  for (const key of ["next_1_text", "next_2_text", "next_3_text", "next_4_text", "next_5_text"]) {
    await expect(next.getByText(text(`status.${key}`), { exact: true })).toBeVisible();
  }
  // The new provider's server, as mail programs want it.
  await expect(next).toContainText(`${lab.state.host}, port ${lab.state.destination.imap_port}, STARTTLS`);

  await page.getByRole("button", { name: text("status.protocol_of", { account: account.source_user }) }).click();
  const refresh = page.getByRole("dialog").getByRole("button", { name: text("action.refresh"), exact: true });
  const [asked] = await Promise.all([page.waitForRequest((request) => request.url().endsWith("/protocol")), refresh.click()]);
  expect((await asked.response())?.ok()).toBe(true);
});
