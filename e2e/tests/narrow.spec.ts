// The longest names there are, where there is least room; and who needs more contrast, or the system's own few colours.

import type { Page } from "@playwright/test";

import { violations } from "../support/axe.ts";
import { imap } from "../support/imap.ts";
import { overflows } from "../support/layout.ts";
import { open, withAccounts } from "../support/ready.ts";
import { expect, test } from "./fixtures.ts";

/** As long as a mail address's parts may be (RFC 5321, 4.5.3.1.1; RFC 1035, 2.3.4). */
const address = (domain: string) => `${"w".repeat(64)}@${"m".repeat(63)}.${domain}.example`;
const LONGEST = { source_user: address("old"), destination_user: address("new"), messages: 2, size_bytes: 0, folders: 2 };
const FOLDER = "W".repeat(120);
const STEPS = ["providers", "accounts", "confirm", "status"];

async function fits(page: Page, what: string): Promise<void> {
  for (const width of [320, 390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    expect.soft(await overflows(page), `${what} at ${width} pixels`).toEqual([]);
  }
}

test("the longest names fit, with more contrast too, and what is told by colour is told without", async ({ page, lab, operator, service }) => {
  const message = "From: a@b.example\r\nSubject: x\r\n\r\nx\r\n";
  const append = (folder: string) => `APPEND ${folder} {${message.length}+}\r\n${message}`;
  await imap(lab.state.source.imap_port, LONGEST.source_user, lab.state.password, [append("INBOX"), `CREATE ${FOLDER}`, append(FOLDER)]);
  const order = await withAccounts(operator, lab, [LONGEST]);
  await open(page, operator, order);
  await page.emulateMedia({ contrast: "more" });
  const heading = page.getByRole("heading", { level: 1 });
  for (const step of STEPS) {
    await page.goto(`${service.url}/orders/${order.id}/${step}`);
    await expect(heading).toBeVisible();
    if (step === "accounts") await expect(page.getByText("Login works")).toHaveCount(2);
    await fits(page, step);
    expect.soft(await violations(page), `${step} with more contrast`).toEqual([]);
  }

  await test.step("in the dry run", async () => {
    await page.goto(`${service.url}/orders/${order.id}/confirm`);
    await page.getByRole("button", { name: "Show what would be copied" }).click();
    await expect(page.getByRole("rowheader", { name: FOLDER })).toBeVisible();
    await fits(page, "dry run");
  });

  await test.step("and once it has run", async () => {
    await operator.redeem(order.id, await operator.voucher(1));
    await operator.start(order.id);
    await operator.watch(order.id, () => {}, 120);
    await page.goto(`${service.url}/orders/${order.id}/status`);
    await expect(heading).toHaveText("Your mail has arrived");
    await page.getByRole("button", { name: `Folders of ${LONGEST.source_user}` }).click();
    await expect(page.getByRole("region", { name: "Folders" })).toContainText(FOLDER);
    await fits(page, "folders");
    expect.soft(await violations(page), "folders with more contrast").toEqual([]);
    await page.getByRole("button", { name: `Protocol of ${LONGEST.source_user}` }).click();
    const protocol = page.getByRole("dialog", { name: /Protocol/ });
    await expect(protocol).toContainText(FOLDER);
    await fits(page, "protocol");
    expect.soft(await violations(page), "protocol with more contrast").toEqual([]);
    await page.keyboard.press("Escape");
  });

  await test.step("where the system has its own colours, the step one is at is told from the others", async () => {
    await page.emulateMedia({ contrast: null, forcedColors: "active" });
    const stop = (of: string) => page.locator(`${of} .step-stop`).first().evaluate((it) => getComputedStyle(it).backgroundColor);
    expect(await stop("li.is-current")).not.toBe(await stop("li.is-past"));
  });
});
