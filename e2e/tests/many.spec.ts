// Five hundred accounts: the list stays smooth, only what is near the view exists, and on paper stands all of it.

import { open, servers } from "../support/ready.ts";
import { expect, test } from "./fixtures.ts";

const COUNT = 500;

test("the list of 500 accounts stays smooth", async ({ page, operator, lab }) => {
  const order = await operator.createOrder(servers(lab));
  const line = (n: number): string => `;user${n}@old.example;x;;user${n}@new.example;x`;
  const content = Array.from({ length: COUNT }, (_, n) => line(n)).join("\r\n");
  await operator.call("POST", `/orders/${order.id}/imports`, { content, layout: "full", preview: false });
  await open(page, operator, order);
  await page.goto(page.url().replace(/[^/]*$/, "status"));
  const table = page.getByRole("table", { name: "Accounts and their progress" });
  await expect(table).toHaveAttribute("aria-rowcount", String(COUNT + 1));
  await expect(table.getByRole("row").filter({ hasText: "user0@old.example" })).toBeVisible();
  const rows = async (): Promise<number> => table.locator("tbody > tr[aria-rowindex]").count();
  expect(await rows()).toBeLessThan(60);
  await page.evaluate(() => {
    const long = ((window as unknown as { long: number[] }).long = []) as number[];
    new PerformanceObserver((list) => list.getEntries().forEach((task) => long.push(task.duration))).observe({ type: "longtask" });
  });
  for (let step = 0; step < 40; step += 1) {
    await page.mouse.wheel(0, 1200);
    await page.waitForTimeout(50);
  }
  await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
  await expect(table.getByRole("row").filter({ hasText: `user${COUNT - 1}@old.example` })).toBeVisible();
  expect(await rows()).toBeLessThan(60);
  const long = await page.evaluate(() => (window as unknown as { long: number[] }).long);
  console.log(`long tasks while scrolling, ms: ${long.map(Math.round).join(", ") || "none"}`);
  // Some may be the machine's (it has other work); what is ours would come with every one of the forty steps.
  expect(long.filter((duration) => duration > 300).length).toBeLessThan(20);
  await page.evaluate(() => window.scrollTo(0, 0));
  await expect(table.getByRole("row").filter({ hasText: "user0@old.example" })).toBeVisible();

  // On paper stands every account, and afterwards the list is as it was.
  const paper = (await page.pdf()).toString("latin1");
  expect(paper.match(/\/Type \/Page\b/g)?.length ?? 0).toBeGreaterThan(COUNT / 40);
  await expect.poll(rows).toBeLessThan(60);
});
