// Paying: with PayPal, and by a link that has paid already and bears its reseller's brand.

import { violations } from "../support/axe.ts";
import { look, operatorDesk } from "../support/console.ts";
import type { Order } from "../support/api.ts";
import { PRICE, payable } from "../support/paypal.ts";
import { open, servers, withAccounts } from "../support/ready.ts";
import { text } from "../support/texts.ts";
import { Walk } from "../support/walk.ts";
import { expect, test } from "./fixtures.ts";

/** One red point. */
const LOGO =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

test("what was chosen survives a reload and paying with PayPal, and starts once it is paid for", async ({ page, lab }) => {
  test.setTimeout(180_000);
  await payable(lab, { ...PRICE, tax_included: false }, async ({ paypal, service, operator }) => {
    const order = await withAccounts(operator, lab, lab.state.accounts.slice(3, 6));
    await open(page, operator, order);
    await page.goto(`${service.url}/orders/${order.id}/confirm`);
    const bill = page.locator(".bill");
    for (const line of ["3 accounts at €14.90€44.70", "plus VAT 19%€8.49", "Total€53.19"]) await expect(bill).toContainText(line);
    // What is paid for starts by itself: there is one thing to press.
    await expect(page.getByRole("button", { name: "Start migration" })).toHaveCount(0);
    await expect(page.getByText("not paid for yet")).toHaveCount(0);
    expect(await violations(page)).toEqual([]);

    // A voucher for one of them leaves two to pay.
    await page.getByText("I have a voucher").click();
    await page.getByLabel("Voucher code").fill(await operator.voucher(1));
    await page.getByRole("button", { name: "Redeem voucher" }).click();
    for (const line of ["2 accounts at €14.90€29.80", "plus VAT 19%€5.66", "Total€35.46"]) await expect(bill).toContainText(line);

    const wanted = new Date(Math.ceil(Date.now() / 60_000) * 60_000 + 3 * 86_400_000);
    const local = new Date(wanted.getTime() - wanted.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
    await page.getByLabel("Only mail since").fill("2015-01-01");
    await page.getByRole("radio", { name: /once your domain points to the new provider/ }).check();
    await page.getByRole("radio", { name: "Later" }).check();
    await page.getByLabel("Date and time").fill(local);
    const asChosen = async (): Promise<void> => {
      await expect(page.getByLabel("Only mail since")).toHaveValue("2015-01-01");
      await expect(page.getByRole("radio", { name: /once your domain points to the new provider/ })).toBeChecked();
      await expect(page.getByRole("radio", { name: "Later" })).toBeChecked();
      await expect(page.getByLabel("Date and time")).toHaveValue(local);
    };
    await page.reload();
    await asChosen();

    await page.getByRole("button", { name: /^Pay .* with PayPal$/ }).click();
    await expect(page.getByRole("heading", { name: "Pay 35.46 EUR?" })).toBeVisible({ timeout: 60_000 });
    await page.getByRole("link", { name: "Cancel and return" }).click();
    await expect(page.getByText("The payment was cancelled; nothing was taken.")).toBeVisible();
    expect(paypal.taken).toEqual([]);
    await asChosen();
    expect(await violations(page)).toEqual([]);

    await page.getByRole("button", { name: /^Pay .* with PayPal$/ }).click();
    await page.getByRole("link", { name: "Agree and pay" }).click({ timeout: 60_000 });
    await expect(page.getByRole("heading", { level: 1, name: "Scheduled" })).toBeVisible({ timeout: 60_000 });
    expect(paypal.taken).toEqual(["35.46 EUR"]);
    const started = await operator.call<Order & { earliest_start: string; delta_schedule: unknown; options: { since: string } }>("GET", `/orders/${order.id}`);
    expect(new Date(started.earliest_start)).toEqual(wanted);
    expect(started.delta_schedule).toMatchObject({ trigger: "mx_changed" });
    expect(started.options.since).toBe("2015-01-01");
  });
});

test("what became of a payment is told again to whoever opens the page anew, and nobody pays twice", async ({ page, lab }) => {
  test.setTimeout(180_000);
  await payable(lab, PRICE, async ({ paypal, service, operator }) => {
    const account = lab.state.accounts[2]!;
    const order = await withAccounts(operator, lab, [account]);
    await open(page, operator, order);
    await page.goto(`${service.url}/orders/${order.id}/confirm`);
    await page.getByRole("radio", { name: text("en", "schedule.delay") }).check();
    await page.getByLabel(/^Hours, from/).fill("6");
    paypal.outcome = "held back";
    await page.getByRole("button", { name: /^Pay .* with PayPal$/ }).click();
    await page.getByRole("link", { name: "Agree and pay" }).click({ timeout: 60_000 });
    const held = page.getByText("PayPal holds the payment back for now. The migration starts by itself once it is settled.");
    await expect(held).toBeVisible({ timeout: 60_000 });
    await expect(page.getByRole("button", { name: /^Pay .* with PayPal$/ })).toHaveCount(0);
    // Who has paid is not told that it is not paid for, nor asked for a voucher.
    const paidFor = async (): Promise<void> => {
      await expect(page.getByText("not paid for yet")).toHaveCount(0);
      await expect(page.getByText("I have a voucher")).toHaveCount(0);
      await expect(page.getByRole("button", { name: "Start migration" })).toHaveCount(0);
    };
    await paidFor();
    // It starts as the service was told with the payment; nothing that is chosen now would count.
    const asTold = async (): Promise<void> => {
      await expect(page.getByText(text("en", "pay.settles"))).toBeVisible();
      for (const name of ["confirm.full", "schedule.delay", "confirm.now"]) {
        const radio = page.getByRole("radio", { name: text("en", name), exact: true });
        await expect(radio).toBeChecked();
        await expect(radio).toBeDisabled();
      }
      for (const name of ["confirm.trial", "schedule.by_hand", "confirm.later"]) {
        await expect(page.getByRole("radio", { name: text("en", name), exact: true })).toBeDisabled();
      }
      await expect(page.getByLabel(/^Hours, from/)).toHaveValue("6");
      await expect(page.getByLabel(/^Hours, from/)).toBeDisabled();
    };
    await asTold();
    await expect(page.locator("#pay-outcome")).toContainText("€14.90");
    await expect(page.locator("#pay-outcome")).toBeInViewport();
    // Another browser was told nothing of what was chosen.
    await page.evaluate(() => sessionStorage.clear());
    await page.reload();
    await expect(held).toBeVisible();
    await paidFor();
    await asTold();
    await expect(page.getByRole("button", { name: /^Pay .* with PayPal$/ })).toHaveCount(0);
    expect(await violations(page)).toEqual([]);
    // The money is still to come, and the order waits for it: then it starts, whoever looks on.
    const waiting = await operator.call<{ state: string; delta_schedule: unknown }>("GET", `/orders/${order.id}`);
    expect(waiting.state).toBe("awaiting_payment");
    expect(waiting.delta_schedule).toEqual({ trigger: "after_delay", delay_hours: 6 });
  });
});

test("a seller sees what was paid and pays a part of it back, and hands out links anew", async ({ page, browser, lab }) => {
  test.setTimeout(240_000);
  await payable(lab, PRICE, async ({ paypal, service, operator }) => {
    const order = await withAccounts(operator, lab, [lab.state.accounts[1]!]);
    await open(page, operator, order);
    await page.goto(`${service.url}/orders/${order.id}/confirm`);
    await page.getByRole("radio", { name: "Later" }).check();
    const later = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 16);
    await page.getByLabel("Date and time").fill(later);
    await page.getByRole("button", { name: /^Pay .* with PayPal$/ }).click();
    await page.getByRole("link", { name: "Agree and pay" }).click({ timeout: 60_000 });
    await expect(page.getByRole("heading", { level: 1, name: "Scheduled" })).toBeVisible({ timeout: 60_000 });

    await page.getByRole("button", { name: "Cancel migration" }).click();
    const cancelling = page.getByRole("dialog", { name: "Cancel the migration?" });
    await expect(cancelling).toContainText("Vouchers can be used again, and a payment is returned on request.");
    await cancelling.getByRole("button", { name: "Keep it running" }).click();

    const desk = await operatorDesk(browser, operator, service.url);
    await expect(desk.getByRole("navigation", { name: "Parts of the console" })).toBeVisible();
    await desk.goto(`${service.url}/console/migrations/${order.id}`);
    const payments = desk.getByRole("region", { name: "Payments" });
    await expect(payments).toContainText("€14.90 for 1 account");
    await expect(payments.getByText("Paid", { exact: true })).toBeVisible();
    await payments.getByRole("button", { name: "Pay back €14.90" }).click();
    const question = desk.getByRole("dialog", { name: "Pay this back?" });
    await expect(question).toContainText("€14.90 is left to pay back.");
    await question.getByLabel("Amount").fill("five");
    await question.getByRole("button", { name: "Pay back" }).click();
    await expect(question.getByText("Type an amount above zero, like 5 or 12.50.")).toBeVisible();
    await question.getByLabel("Amount").fill("20");
    await question.getByRole("button", { name: "Pay back" }).click();
    await expect(question.locator(".field-error")).toBeVisible();
    await question.getByLabel("Amount").fill("5");
    await question.getByRole("button", { name: "Pay back" }).click();
    await expect(question).toBeHidden();
    await expect(payments).toContainText("€5.00 paid back", { timeout: 60_000 });
    await expect(payments.getByText("Paid", { exact: true })).toBeVisible({ timeout: 60_000 });
    expect(paypal.paidBack).toEqual(["5.00 EUR"]);
    await look(desk, "payments of a migration");

    // All of it only once the order is over: it would run unpaid.
    await payments.getByRole("button", { name: "Pay back €9.90" }).click();
    await question.getByRole("button", { name: "Pay back" }).click();
    await expect(question.locator(".notice-error")).toBeVisible();
    expect(paypal.paidBack).toHaveLength(1);
    await question.getByRole("button", { name: "Cancel" }).click();

    const links = desk.getByRole("region", { name: "Links to this migration" });
    await links.getByRole("button", { name: "Mail the link again" }).click();
    const mailing = desk.getByRole("dialog", { name: "Mail the link again?" });
    await expect(mailing).toContainText("owner@customer.example gets a mail with the link");
    await mailing.getByRole("button", { name: "Mail the link again" }).click();
    await expect(links.getByRole("status")).toHaveText("The link is on its way to owner@customer.example.");
    await lab.mail("the link, once more", ({ subject, text }) => subject === "The link to your migration" && text.includes(order.id));
    const view = await links.locator(".copyline .mono").nth(1).innerText();
    const visitor = await (await browser.newContext({ locale: "en-GB" })).newPage();
    await visitor.goto(view);
    await expect(visitor.getByRole("heading", { level: 1, name: "Scheduled" })).toBeVisible();
    await expect(visitor.getByRole("button", { name: "Cancel" })).toHaveCount(0);
    await links.getByRole("button", { name: "Make new links" }).click();
    await desk.getByRole("dialog").getByRole("button", { name: "Make new links" }).click();
    await expect(links.locator(".copyline .mono").nth(1)).not.toHaveText(view);
    await visitor.goto("about:blank");
    await visitor.goto(view);
    await expect(visitor.getByRole("heading", { level: 1, name: "This link does not work" })).toBeVisible();
    await visitor.context().close();
    await desk.context().close();
  });
});

test("a seller is told what was paid for too much, pays its share back, and sees what PayPal took otherwise", async ({ page, browser, lab }) => {
  test.setTimeout(240_000);
  await payable(lab, PRICE, async ({ paypal, service, operator }) => {
    const order = await withAccounts(operator, lab, lab.state.accounts.slice(0, 2));
    const later = { earliest_start: new Date(Date.now() + 2 * 86_400_000).toISOString() };
    await operator.call("POST", `/orders/${order.id}/start`, later);
    await open(page, operator, order);
    await page.goto(`${service.url}/orders/${order.id}/confirm`);
    await page.getByRole("button", { name: /^Pay .* with PayPal$/ }).click();
    await page.getByRole("link", { name: "Agree and pay" }).click({ timeout: 60_000 });
    await expect(page.getByRole("heading", { level: 1, name: "Scheduled" })).toBeVisible({ timeout: 60_000 });
    // One of the two does not go along after all.
    await operator.call("POST", `/orders/${order.id}/unschedule`, {});
    const { items } = await operator.call<{ items: { id: string }[] }>("GET", `/orders/${order.id}/accounts`);
    await operator.call("PATCH", `/orders/${order.id}/accounts/${items[1]!.id}`, { ticked: false });
    await operator.call("POST", `/orders/${order.id}/start`, later);

    const desk = await operatorDesk(browser, operator, service.url);
    await expect(desk.getByRole("navigation", { name: "Parts of the console" })).toBeVisible();
    await desk.goto(`${service.url}/console/migrations/${order.id}`);
    const payments = desk.getByRole("region", { name: "Payments" });
    await expect(payments).toContainText("1 account too many is paid for.");
    await look(desk, "what is paid for too much");
    await payments.getByRole("button", { name: "Pay back €14.90" }).click();
    const question = desk.getByRole("dialog", { name: "Pay this back?" });
    await expect(question.getByLabel("Amount")).toHaveValue("14.90");
    await question.getByRole("button", { name: "Pay back" }).click();
    await expect(question).toBeHidden();
    await expect(payments).toContainText("€14.90 paid back", { timeout: 60_000 });
    await expect(payments.getByText("too many")).toHaveCount(0);
    expect(paypal.paidBack).toEqual(["14.90 EUR"]);

    paypal.outcome = "too little";
    const other = await withAccounts(operator, lab, [lab.state.accounts[2]!]);
    await open(page, operator, other);
    await page.goto(`${service.url}/orders/${other.id}/confirm`);
    await page.getByRole("button", { name: /^Pay .* with PayPal$/ }).click();
    await page.getByRole("link", { name: "Agree and pay" }).click({ timeout: 60_000 });
    await expect(page.locator("#pay-outcome")).toContainText("PayPal took €0.01", { timeout: 60_000 });
    // One pays anew, as is chosen then.
    await expect(page.getByText(text("en", "pay.waits"))).toBeVisible();
    await expect(page.getByRole("radio", { name: text("en", "confirm.later"), exact: true })).toBeEnabled();
    await desk.goto(`${service.url}/console/migrations/${other.id}`);
    await expect(payments).toContainText("PayPal took €0.01");
    await payments.getByRole("button", { name: "Pay back €0.01" }).click();
    await expect(question).toContainText("€0.01 is left to pay back.");
    // All of it goes back, or nothing.
    await expect(question.getByLabel("Amount")).toHaveCount(0);
    await desk.context().close();
  });
});

test("a link whose voucher was withdrawn says so before anything is entered, and before the start", async ({ page, lab, operator }) => {
  const { items } = await operator.call<{ items: { id: string }[] }>("POST", "/vouchers", { pairs: 5 });
  const link = await operator.call<{ url: string; token: string }>("POST", "/links", { name: "Withdrawn", voucher_id: items[0]!.id });
  await operator.call("POST", `/vouchers/${items[0]!.id}/revoke`, {});
  await page.goto(link.url);
  await expect(page.getByText("The voucher of this link was withdrawn.")).toBeVisible();
  await expect(page.getByText("Your provider has paid for it.")).toHaveCount(0);
  expect(await violations(page)).toEqual([]);
  const order = await operator.createOrder({ ...servers(lab), link: link.token });
  await operator.addAccount(order.id, { user: "anna", password: "x" }, { user: "anna", password: "x" });
  await open(page, operator, order);
  await page.goto(new URL(`/orders/${order.id}/confirm`, link.url).href);
  await expect(page.getByText("The voucher of this link was withdrawn.")).toBeVisible();
});

test("a link fixes the new provider, pays, and shows whose page it is", async ({ page, lab, operator }) => {
  const { host, source, password } = lab.state;
  const brand = { name: "Harbour Mail Move", colour: "#0b5fa5", logo: LOGO, support_address: "help@harbour.example" };
  const { destination } = servers(lab);
  const link = await operator.call<{ url: string }>("POST", "/links", { name: "Prepaid", destination, brand, prepaid_pairs: 1 });
  const walk = new Walk({ page, url: link.url, lab, look: async () => {}, voucher: async () => "" });
  await walk.introduction();
  await walk.at("Select provider");
  const banner = page.getByRole("banner");
  await expect(banner).toContainText("Harbour Mail Move");
  const logo = banner.locator("img");
  await expect(logo).toHaveAttribute("src", LOGO);
  expect(await logo.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1);
  const help = page.getByRole("contentinfo").getByRole("link", { name: "help@harbour.example" });
  await expect(help).toHaveAttribute("href", "mailto:help@harbour.example");

  const to = page.getByRole("region", { name: "To", exact: true });
  await expect(to).toContainText("Your provider has set this already.");
  await expect(to.getByRole("button")).toHaveCount(0);
  await page.getByRole("region", { name: "From", exact: true }).getByRole("button", { name: "Add missing provider or server" }).click();
  const server = page.getByRole("group", { name: "Server of the current provider" });
  await server.getByLabel("Server (host name)").fill(host);
  await server.getByLabel("Port").fill(String(source.imaps_port));
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: "Continue" }).click();

  const account = lab.state.accounts[3]!;
  await walk.addAccount(account, password);
  const pair = page.getByRole("table", { name: "Account pairs" }).getByRole("row").filter({ hasText: account.source_user });
  await expect(pair.getByText("Login works")).toHaveCount(2, { timeout: 60_000 });
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByText("The account is paid for.")).toBeVisible();
  await expect(page.getByLabel("Voucher code")).toHaveCount(0);
  await page.getByRole("button", { name: "Start migration" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Your mail has arrived" })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole("region", { name: "What to do next" })).toContainText("help@harbour.example");
});
