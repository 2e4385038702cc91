// Five hundred accounts: the lists stay smooth, only what is near the view exists, the keyboard comes to the end, and on
// paper stands all of it.

import type { Locator, Page } from "@playwright/test";

import { Api, type Order } from "../support/api.ts";
import { open, servers } from "../support/ready.ts";
import { expect, test } from "./fixtures.ts";

const COUNT = 500;
/** Rows that exist at most: those near what is seen. */
const MOST_ROWS = 60;
/** Longer than this nobody calls smooth, milliseconds; the machine has other work too. */
const JERK_MS = 300;

const file = (lines: number): string => Array.from({ length: lines }, (_, n) => `;user${n}@old.example;x;;user${n}@new.example;x;;`).join("\r\n");

const rows = (table: Locator): Promise<number> => table.locator("tbody > tr[aria-rowindex]").count();
/** The row of the account `n`, counted from 0. */
const row = (table: Locator, n: number): Locator => table.locator(`tr[aria-rowindex="${n + 2}"]`);

/** From now on the page notes what keeps it busy for long, and how long it takes from one frame to the next. */
async function noteFrames(page: Page): Promise<void> {
  await page.evaluate(() => {
    const noted = { long: [] as number[], frames: [] as number[] };
    Object.assign(window, { noted });
    new PerformanceObserver((list) => list.getEntries().forEach((task) => noted.long.push(task.duration))).observe({ type: "longtask" });
    let last = performance.now();
    const frame = (now: number): void => {
      noted.frames.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
}

/** Scrolls until the `last` row is seen: rows that were not seen yet may be higher than was thought, and the end further down. */
async function toEnd(page: Page, last: Locator): Promise<void> {
  await expect(async () => {
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    await page.waitForTimeout(300);
    await expect(last).toBeInViewport({ timeout: 200 });
  }).toPass({ timeout: 20_000 });
}

/** Scrolls to the end in `steps`; never are there more rows than are near the view, and never long without a frame. */
async function scrollThrough(page: Page, table: Locator, steps: number): Promise<void> {
  await noteFrames(page);
  let most = 0;
  for (let step = 0; step < steps; step += 1) {
    await page.mouse.wheel(0, 1200);
    await page.waitForTimeout(50);
    if (step % 5 === 0) most = Math.max(most, await rows(table));
  }
  await toEnd(page, row(table, COUNT - 1));
  most = Math.max(most, await rows(table));
  expect(most).toBeLessThan(MOST_ROWS);
  type Noted = { noted: { long: number[]; frames: number[] } };
  const { long, frames } = await page.evaluate(() => (window as unknown as Noted).noted);
  const sorted = frames.toSorted((a, b) => a - b);
  const [half, nearly] = [0.5, 0.95].map((part) => Math.round(sorted[Math.floor(sorted.length * part)] ?? 0));
  console.log(`${most} rows at most, ${frames.length} frames, half within ${half} ms, 95 % within ${nearly} ms; long tasks, ms: ${long.map(Math.round).join(", ") || "none"}`);
  expect(frames.length).toBeGreaterThan(steps);
  expect(nearly).toBeLessThan(JERK_MS);
  expect(long.filter((duration) => duration > JERK_MS).length).toBeLessThan(steps / 5);
}

test("the list of 500 accounts stays smooth", async ({ page, operator, lab }) => {
  const order = await operator.createOrder(servers(lab));
  await operator.call("POST", `/orders/${order.id}/imports`, { content: file(COUNT), layout: "full", preview: false });
  await open(page, operator, order);
  await page.goto(page.url().replace(/[^/]*$/, "status"));
  const table = page.getByRole("table", { name: "Accounts and their progress" });
  await expect(table).toHaveAttribute("aria-rowcount", String(COUNT + 1));
  await expect(row(table, 0)).toContainText("user0@old.example");
  await scrollThrough(page, table, 40);
  await page.evaluate(() => window.scrollTo(0, 0));
  await expect(row(table, 0)).toBeVisible();

  // On paper stands every account, and afterwards the list is as it was.
  const paper = (await page.pdf()).toString("latin1");
  expect(paper.match(/\/Type \/Page\b/g)?.length ?? 0).toBeGreaterThan(COUNT / 40);
  await expect.poll(() => rows(table)).toBeLessThan(MOST_ROWS);
});

test("the preview of a file of 500 rows stays smooth", async ({ page, operator, lab }) => {
  const order = await operator.createOrder(servers(lab));
  await open(page, operator, order);
  await page.goto(page.url().replace(/[^/]*$/, "accounts"));
  await page.getByRole("tab", { name: "Add multiple accounts" }).click();
  await page.getByLabel("Choose file: file of accounts").setInputFiles({ name: "500.csv", mimeType: "text/csv", buffer: Buffer.from(file(COUNT)) });
  const table = page.getByRole("region", { name: "What was found" }).getByRole("table");
  await expect(row(table, 0)).toContainText("user0@old.example");
  expect(await rows(table)).toBeLessThan(MOST_ROWS);
  await scrollThrough(page, table, 40);
  // What follows the list is reached behind it, however long that is.
  await page.getByRole("button", { name: `Add ${COUNT} accounts` }).click();
  const added = page.getByRole("table", { name: "Account pairs" });
  await expect(added).toHaveAttribute("aria-rowcount", String(COUNT + 1));
  await scrollThrough(page, added, 40);
});

test("500 lines with errors stay smooth, keep what is typed in them, and are put right by the keyboard", async ({ page, operator, lab }) => {
  test.setTimeout(180_000);
  const order = await operator.createOrder(servers(lab));
  await open(page, operator, order);
  await page.goto(page.url().replace(/[^/]*$/, "accounts"));
  await page.getByRole("tab", { name: "Add multiple accounts" }).click();
  const bad = Array.from({ length: COUNT }, (_, n) => `no host!;user${n}@old.example;x;;user${n}@new.example;x;;`).join("\r\n");
  await page.getByLabel("Choose file: file of accounts").setInputFiles({ name: "bad.csv", mimeType: "text/csv", buffer: Buffer.from(bad) });
  const table = page.getByRole("table", { name: "Lines with errors" });
  await expect(table).toHaveAttribute("aria-rowcount", String(COUNT + 1));
  await expect(row(table, 0)).toContainText("Current server");
  expect(await rows(table)).toBeLessThan(MOST_ROWS);
  await scrollThrough(page, table, 40);

  const host = (n: number): Locator => page.getByLabel(`Line ${n + 1}, column 1: Current server`);
  await test.step("what is typed stays while the line is out of sight", async () => {
    await host(COUNT - 1).fill("half.typed.example");
    await page.evaluate(() => window.scrollTo(0, 0));
    await expect(host(COUNT - 1)).toHaveCount(0);
    await expect(host(0)).toBeVisible();
    await toEnd(page, row(table, COUNT - 1));
    await expect(host(COUNT - 1)).toHaveValue("half.typed.example");
  });

  await test.step("a line that is put right goes, and those below count on", async () => {
    await page.evaluate(() => window.scrollTo(0, 0));
    await host(1).fill("imap.old.example");
    await host(1).press("Enter");
    await expect(page.getByRole("region", { name: "What was found" }).getByText(`${COUNT - 1} lines have errors`)).toBeVisible();
    await expect(host(1)).toHaveCount(0);
    await expect(table).toHaveAttribute("aria-rowcount", String(COUNT));
    await expect(row(table, 1).getByRole("rowheader")).toHaveText("3");
  });

  await test.step("the keyboard comes to lines that were not there", async () => {
    const at = (): Promise<number> => page.evaluate(() => Number(document.activeElement?.closest("tr")?.getAttribute("aria-rowindex") ?? 0));
    // Eight cells and a button a line.
    const nextLine = async (): Promise<number> => {
      for (let press = 0; press < 9; press += 1) await page.keyboard.press("Tab");
      return at();
    };
    const first = host(0);
    await first.focus();
    for (let line = 3; line < 20; line += 1) expect(await nextLine()).toBe(line);
    expect(await rows(table)).toBeLessThan(MOST_ROWS);
    await toEnd(page, host(COUNT - 1));
    await expect(first).toHaveCount(0);
    await host(COUNT - 3).focus();
    for (const line of [COUNT - 1, COUNT]) expect(await nextLine()).toBe(line);
  });
});

/** A partner whose orders run at test hosts. */
async function partner(operator: Api, serviceUrl: string): Promise<Api> {
  const scopes = ["orders:read", "orders:write"];
  const { secret } = await operator.call<{ secret: string }>("POST", "/api-keys", { name: "many", scopes, sandbox: true });
  return new Api(serviceUrl, secret);
}

/** Five hundred accounts under way. */
async function underWay(api: Api): Promise<Order> {
  const host = (name: string) => ({ endpoint: { host: `${name}.sandbox.mailferry.test`, port: 993 } });
  const order = await api.createOrder({ source: host("ok"), destination: host("ok") });
  await api.call("POST", `/orders/${order.id}/imports`, { content: file(COUNT), layout: "full", preview: false });
  await api.start(order.id);
  return order;
}

test("500 accounts under way stay smooth, for a pointer and for the keyboard", async ({ page, operator, service }) => {
  test.setTimeout(420_000);
  const api = await partner(operator, service.url);
  const order = await underWay(api);
  const polls: number[] = [];
  page.on("response", (answer) => void (answer.url().endsWith("/progress") && polls.push(answer.status())));
  await open(page, api, order);
  const table = page.getByRole("table", { name: "Accounts and their progress" });
  await expect(table).toHaveAttribute("aria-rowcount", String(COUNT + 1));
  await expect(row(table, 0)).toContainText("user0@old.example");

  await test.step("while accounts are copied one scrolls through all of them, and the page goes on asking", async () => {
    const before = polls.length;
    await scrollThrough(page, table, 60);
    expect(polls.slice(before).filter((status) => status === 200).length).toBeGreaterThan(0);
  });

  await test.step("paused, nothing is sent twice", async () => {
    await api.call("POST", `/orders/${order.id}/pause`);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Paused");
    polls.length = 0;
    await expect.poll(() => polls.filter((status) => status === 304).length, { timeout: 90_000 }).toBeGreaterThan(1);
  });

  await test.step("an account far down is opened, and still is when one comes back to it", async () => {
    await come(page, table, 399);
    await page.getByRole("button", { name: "Folders of user399@old.example" }).click();
    const details = table.locator(".row-details");
    await expect(details).toHaveText("No folder has been looked at yet.");
    await page.evaluate(() => window.scrollTo(0, 0));
    await expect(details).toHaveCount(0);
    await come(page, table, 399);
    await expect(details).toHaveText("No folder has been looked at yet.");
  });

  await test.step("the keyboard comes to the last account", async () => {
    await page.evaluate(() => window.scrollTo(0, 0));
    await row(table, 0).getByRole("button").first().focus();
    const last = row(table, COUNT - 1).getByRole("button").last();
    const at = (): Promise<number> => page.evaluate(() => Number(document.activeElement?.closest("tr")?.getAttribute("aria-rowindex") ?? 0));
    let reached = await at();
    // Two buttons an account; one by one only where the end is near.
    for (let pressed = 0; pressed < 2 * COUNT + 20 && reached < COUNT + 1; ) {
      const presses = reached < COUNT - 10 ? 10 : 1;
      for (let press = 0; press < presses; press += 1) await page.keyboard.press("Tab");
      pressed += presses;
      expect(await at(), "the focus is on the next account").toBeGreaterThanOrEqual(reached);
      reached = await at();
      if (pressed % 100 === 0) expect(await rows(table)).toBeLessThan(MOST_ROWS);
    }
    expect(reached).toBe(COUNT + 1);
    await page.keyboard.press("Tab");
    await expect(last).toBeFocused();
    await expect(last).toBeInViewport();
  });
});

/** Scrolls until the row of the account `n` is in sight. */
async function come(page: Page, table: Locator, n: number): Promise<void> {
  await expect(async () => {
    await page.evaluate(({ part }) => window.scrollTo(0, document.body.scrollHeight * part), { part: n / COUNT });
    await expect(row(table, n)).toHaveCount(1, { timeout: 500 });
  }).toPass({ timeout: 20_000 });
  await row(table, n).scrollIntoViewIfNeeded();
}
