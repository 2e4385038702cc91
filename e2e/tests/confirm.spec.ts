// Step 4 where there is little room, and for domains of which nobody can switch the mail.

import { Api } from "../support/api.ts";
import { violations } from "../support/axe.ts";
import { PRICE, PayPal } from "../support/paypal.ts";
import { open, withAccounts } from "../support/ready.ts";
import { Service } from "../support/service.ts";
import { text } from "../support/texts.ts";
import { expect, test } from "./fixtures.ts";

test("where there is little room the options are one line, and a bar leads to the start until that is in sight", async ({ page, lab, operator, service }) => {
  test.setTimeout(180_000);
  await page.setViewportSize({ width: 390, height: 844 });
  const order = await withAccounts(operator, lab, lab.state.accounts.slice(0, 1));
  await operator.redeem(order.id, await operator.voucher(1));
  await open(page, operator, order);
  await page.goto(`${service.url}/orders/${order.id}/confirm`);
  const options = page.getByRole("form", { name: "Options" });
  const largest = options.getByLabel("Largest message, in MB");
  await expect(options.getByText("Trash and Spam stay behind · messages up to 50 MB")).toBeVisible();
  await expect(largest).toBeHidden();

  const bar = page.getByRole("link", { name: text("en", "confirm.to_start") });
  await expect(bar).toBeInViewport();
  expect(await violations(page)).toEqual([]);
  await bar.click();
  await expect(page.getByRole("heading", { name: "Start", exact: true })).toBeInViewport();
  await expect(bar).toBeHidden();
  await page.evaluate(() => window.scrollTo(0, 0));
  await expect(bar).toBeInViewport();

  const change = options.getByRole("button", { name: text("en", "options.change") });
  await change.click();
  await options.getByRole("checkbox", { name: "Copy the trash too" }).check();
  await largest.fill("0");
  await options.getByRole("button", { name: "Close" }).click();
  await expect(options.getByText("Spam stays behind", { exact: false })).toBeVisible();
  await expect(largest).toBeHidden();
  // What is wrong in them is not hidden from whoever starts.
  await page.getByRole("button", { name: "Start migration" }).click();
  await expect(largest).toBeVisible();
  await expect(largest).toHaveAttribute("aria-invalid", "true");
  await expect(largest).toBeFocused();
  expect(await violations(page)).toEqual([]);
});

test("what it costs and the way to pay are in sight from the beginning, and cover nothing that has the focus", async ({ page, lab }) => {
  test.setTimeout(180_000);
  const paypal = await PayPal.start();
  const service = await Service.start({ lab, openPorts: [paypal.port], env: paypal.settings });
  try {
    await page.setViewportSize({ width: 1280, height: 800 });
    const operator = new Api(service.url, await service.operatorKey());
    await operator.call("PUT", "/price", PRICE);
    const order = await withAccounts(operator, lab, lab.state.accounts.slice(0, 1));
    await open(page, operator, order);
    await page.goto(`${service.url}/orders/${order.id}/confirm`);
    await expect(page.locator(".bill-total")).toBeInViewport({ ratio: 1 });
    const pay = page.getByRole("button", { name: /^Pay .* with PayPal$/ });
    await expect(pay).toBeInViewport({ ratio: 1 });
    for (const name of [text("en", "confirm.later"), text("en", "schedule.delay"), text("en", "confirm.full")]) {
      const radio = page.getByRole("radio", { name, exact: true });
      await radio.focus();
      await page.keyboard.press("Space");
      const [low, top] = [await radio.boundingBox(), await page.locator(".pay-here").boundingBox()];
      expect(low!.y + low!.height, name).toBeLessThanOrEqual(top!.y);
    }
    await expect(page.getByText(/^First run finished about .* Second run begins about /)).toBeVisible({ timeout: 60_000 });
    await page.getByRole("radio", { name: text("en", "confirm.now"), exact: true }).check();
    await expect(page.getByText(/^Second run begins about 8 hours.* after the start\.$/)).toBeVisible();
    expect(await violations(page)).toEqual([]);

    // What saves the options is what there is: paying, and once that is done the start alone.
    await page.getByRole("checkbox", { name: "Copy the trash too" }).check();
    await expect(page.getByText(text("en", "options.unsaved"))).toBeVisible();
    await operator.redeem(order.id, await operator.voucher(1));
    await page.reload();
    await expect(page.getByText(text("en", "options.unsaved_start"))).toBeVisible();
    await expect(page.getByText(text("en", "options.unsaved"))).toHaveCount(0);
  } finally {
    await service.stop();
    paypal.stop();
  }
});

test("a second run that waits for the MX record is offered for a domain of one's own alone", async ({ page, lab, operator, service }) => {
  const offered = async (source_user: string): Promise<void> => {
    const account = { ...lab.state.accounts[1]!, source_user };
    const order = await withAccounts(operator, lab, [account]);
    await open(page, operator, order);
    await page.goto(`${service.url}/orders/${order.id}/confirm`);
    await expect(page.getByRole("radio", { name: text("en", "schedule.by_hand") })).toBeVisible();
    await expect(page.getByRole("radio", { name: text("en", "schedule.delay") })).toBeVisible();
  };
  const mx = page.getByRole("radio", { name: text("en", "schedule.mx") });
  await offered("zoe@old.example");
  await expect(mx).toBeVisible();
  await offered("zoe@gmail.com");
  await expect(mx).toHaveCount(0);
});
