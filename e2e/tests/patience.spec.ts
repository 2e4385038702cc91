// A network that loses packets, a service that is busy, a link that was replaced: what is under way goes on, and the page says
// how things stand.

import type { Page, Route } from "@playwright/test";

import { violations } from "../support/axe.ts";
import { completed, link, open, withAccounts } from "../support/ready.ts";
import { text } from "../support/texts.ts";
import { expect, test } from "./fixtures.ts";

const BUSY = JSON.stringify({ type: "/problems/unavailable", title: "Busy", status: 503, code: "unavailable", detail: "Busy" });

/** The service is busy, and says for how long. */
const busy = (route: Route): Promise<void> =>
  route.fulfill({ status: 503, contentType: "application/problem+json", headers: { "Retry-After": "1" }, body: BUSY });

/** The first `times` requests for `url` come to nothing, in turns: no answer, and an answer that it is busy. Tells how many did. */
async function spoil(page: Page, url: string, times: number): Promise<() => number> {
  let spoilt = 0;
  await page.route(url, (route) => {
    if (spoilt >= times) return route.fallback();
    spoilt += 1;
    return spoilt % 2 === 1 ? route.abort() : busy(route);
  });
  return () => spoilt;
}

test("a dry run, and the count of a trial, go on through lost packets and a busy service", async ({ page, lab, operator, service }) => {
  test.setTimeout(240_000);
  const order = await withAccounts(operator, lab, lab.state.accounts.slice(0, 1));
  await open(page, operator, order);
  await page.goto(`${service.url}/orders/${order.id}/confirm`);
  const begun = await spoil(page, "**/dry-runs", 2);
  const followed = await spoil(page, "**/dry-runs/*", 2);
  const card = page.getByRole("region", { name: "Dry run", exact: true });
  await card.getByRole("button", { name: "Show what would be copied" }).click();
  // What is begun is followed to its end, which lets one press the button again.
  await expect(card.getByRole("button", { name: "Show what would be copied" })).toBeEnabled({ timeout: 120_000 });
  await expect(card).toContainText(/[1-9]\d* messages \(.*\) would be copied\./);
  await expect(card.getByRole("alert")).toHaveCount(0);
  expect([begun(), followed()]).toEqual([2, 2]);
  await page.unrouteAll({ behavior: "wait" });

  const again = await spoil(page, "**/dry-runs/*", 2);
  await page.getByRole("radio", { name: "Free trial" }).check();
  await expect.poll(again, { timeout: 120_000 }).toBe(2);
  const summary = page.getByRole("region", { name: "Summary" });
  await expect(summary.getByText(text("en", "confirm.counting"))).toHaveCount(0, { timeout: 120_000 });
  await expect(summary.getByText(text("en", "confirm.so_far"))).toHaveCount(0, { timeout: 120_000 });
});

test("what DNS says, too, is said to be old while the service is busy", async ({ page, lab, operator }) => {
  test.setTimeout(300_000);
  await lab.name({ name: "patient.example", mx: ["mx.patient.example"] });
  const account = { ...lab.state.accounts[1]!, source_user: "anna@patient.example" };
  const order = await completed(operator, lab, [account]);
  await open(page, operator, order);
  const card = page.locator("section:has(#mx-title)");
  await expect(card.getByText("mx.patient.example").first()).toBeVisible({ timeout: 120_000 });
  await page.route("**/mx", busy);
  const silent = card.getByText(/The service does not answer at the moment\. This is how it was on /);
  await expect(silent).toBeVisible({ timeout: 180_000 });
  await page.unroute("**/mx");
  await expect(silent).toHaveCount(0, { timeout: 120_000 });
});

test("a new link makes the old one invalid: its pages say so, and the page that asked for it goes on", async ({ page, browser, lab, operator }) => {
  test.setTimeout(240_000);
  const order = await completed(operator, lab, lab.state.accounts.slice(2, 3));
  const old = await link(operator, order);
  const context = await browser.newContext();
  const other = await context.newPage();
  await other.goto(old);
  await expect(other.getByRole("heading", { level: 1, name: "Your mail has arrived" })).toBeVisible({ timeout: 60_000 });
  await open(page, operator, order);
  const keep = page.getByRole("region", { name: "Keep these" });
  await keep.getByRole("button", { name: text("en", "status.renew") }).click();
  const question = page.getByRole("dialog", { name: text("en", "status.renew_title") });
  await expect(question).toContainText("stop working at once");
  expect(await violations(page)).toEqual([]);
  await question.getByRole("button", { name: text("en", "status.renew_confirm") }).click();
  await expect(question).toBeHidden();
  await expect(page.getByRole("heading", { level: 1, name: "Your mail has arrived" })).toBeVisible();
  await expect.poll(() => keep.locator(".truncate").textContent()).not.toBe(old);
  const renewed = (await keep.locator(".truncate").textContent())!;

  await expect(other.getByRole("heading", { level: 1, name: text("en", "lost.ended_title") })).toBeVisible({ timeout: 120_000 });
  await other.goto(old);
  await expect(other.getByRole("heading", { level: 1, name: text("en", "lost.bad_link_title") })).toBeVisible();
  await other.goto(renewed);
  await expect(other.getByRole("heading", { level: 1, name: "Your mail has arrived" })).toBeVisible();
  await context.close();
});

test("where there is little room progress comes first, and what one can do behind one button until something is next", async ({ page, lab, operator }) => {
  test.setTimeout(180_000);
  await page.setViewportSize({ width: 390, height: 844 });
  const order = await completed(operator, lab, lab.state.accounts.slice(3, 4));
  await open(page, operator, order);
  const more = page.getByRole("button", { name: text("en", "status.actions"), exact: true });
  await expect(more).toHaveAttribute("aria-expanded", "false");
  const percent = (await page.locator(".voyage-percent").boundingBox())!;
  expect(percent.y).toBeLessThan((await more.boundingBox())!.y);
  // A delta is worth its while only later; what is final is never first.
  const delta = page.getByRole("button", { name: "Start delta migration" });
  const final = page.getByRole("button", { name: "Delete migration" });
  for (const action of [delta, final]) await expect(action).toHaveCount(0);
  await more.click();
  await expect(more).toHaveAttribute("aria-expanded", "true");
  for (const action of [delta, final]) await expect(action).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await final.click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete for good" }).click();
  await expect(page.getByRole("heading", { level: 1, name: text("en", "status.deleted_title") })).toBeVisible();
});

test("a migration that waits for its time can be changed: nothing is entered anew, and it starts as is chosen then", async ({ page, lab, operator }) => {
  test.setTimeout(180_000);
  const order = await withAccounts(operator, lab, lab.state.accounts.slice(4, 5));
  await operator.redeem(order.id, await operator.voucher(1));
  const later = new Date(Date.now() + 48 * 3_600_000).toISOString();
  await operator.call("POST", `/orders/${order.id}/start`, { earliest_start: later });
  await open(page, operator, order);
  await expect(page.getByRole("heading", { level: 1, name: "Scheduled" })).toBeVisible();
  // What has not begun has no part done, and no report.
  await expect(page.getByRole("region", { name: "Overall progress" }).getByRole("progressbar")).toHaveCount(0);
  await expect(page.getByRole("link", { name: text("en", "status.report_download") })).toBeHidden();
  await page.getByRole("button", { name: text("en", "status.unschedule"), exact: true }).click();
  const question = page.getByRole("dialog", { name: text("en", "status.unschedule_title") });
  await expect(question).toContainText("what was paid");
  expect(await violations(page)).toEqual([]);
  await question.getByRole("button", { name: text("en", "status.unschedule_confirm") }).click();
  await page.waitForURL(/\/confirm$/);
  await expect(page.getByText("The account is paid for.")).toBeVisible();
  await page.getByRole("radio", { name: text("en", "confirm.now") }).check();
  await page.getByRole("button", { name: "Start migration" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Your mail has arrived" })).toBeVisible({ timeout: 120_000 });
});
