// Parts of the console in depth: tenants, invitations, filters of the lists, links that are changed, a webhook's log,
// and the whole by keyboard.

import { completed, withAccounts } from "../support/ready.ts";
import { Hook, PASSWORD, as, look, operatorDesk, part, reseller, signIn } from "../support/console.ts";
import { Api } from "../support/api.ts";
import { Keyboard } from "../support/keyboard.ts";
import { Service } from "../support/service.ts";
import { expect, test } from "./fixtures.ts";

test("an operator adds a tenant, whose admin signs in and sees nothing of others", async ({ page, browser, operator, service }) => {
  const desk = await operatorDesk(browser, operator, service.url);
  await part(desk, "Tenants");
  await desk.getByRole("button", { name: "Add tenant" }).click();
  const dialog = desk.getByRole("dialog", { name: "Add tenant" });
  await dialog.getByLabel("Name of the tenant").fill("Pier 9");
  await dialog.getByRole("button", { name: "Save changes" }).click();
  await expect(dialog.locator(".field-error")).toBeVisible();
  await look(desk, "tenant dialog with an error");
  const mail = `admin-${Date.now()}@pier9.example`;
  await dialog.getByLabel("Name of its first admin").fill("Paula");
  await dialog.getByLabel("Mail address").fill(mail);
  await dialog.getByLabel("First password").fill(PASSWORD);
  await dialog.getByRole("button", { name: "Save changes" }).click();
  await expect(desk.getByRole("row").filter({ hasText: "Pier 9" })).toBeVisible();
  await look(desk, "tenants");
  await desk.context().close();
  await signIn(page, service.url, mail, PASSWORD);
  await expect(page.getByText("Pier 9")).toBeVisible();
  await expect(page.getByText("No migration fits.")).toBeVisible();
  await expect(page.getByRole("link", { name: "Tenants" })).toHaveCount(0);
});

test("a member is invited by mail, and sets a new password after it was forgotten", async ({ page, browser, operator, service, lab }) => {
  await reseller(page, operator, service.url, "Lighthouse Mail");
  await part(page, "Members");
  const mail = `mate-${Date.now()}@lighthouse.example`;
  await page.getByRole("button", { name: "Add member" }).click();
  const dialog = page.getByRole("dialog", { name: "Member" });
  await dialog.getByLabel("Name").fill("Mate");
  await dialog.getByLabel("Mail address").fill(mail);
  await expect(dialog.getByRole("checkbox", { name: /Invite by mail/ })).toBeChecked();
  await look(page, "member dialog with invitation");
  await dialog.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText(`A link was sent to ${mail}.`)).toBeVisible();
  const invitation = await lab.mail("the invitation", ({ subject, envelope_to }) => subject.includes("Lighthouse Mail") && envelope_to.includes(mail));

  const theirs = await (await browser.newContext({ locale: "en-GB" })).newPage();
  await theirs.goto(/https?:\/\/\S+#token=[\w-]+/.exec(invitation.text)![0]);
  await expect(theirs.getByRole("heading", { level: 1, name: "Set your password" })).toBeVisible();
  expect(theirs.url()).not.toContain("token");
  await theirs.getByLabel("New password").fill("short");
  await theirs.getByRole("button", { name: "Set password" }).click();
  await expect(theirs.locator(".field-error")).toBeVisible();
  await look(theirs, "set password");
  await theirs.getByLabel("New password").fill(PASSWORD);
  await theirs.getByRole("button", { name: "Set password" }).click();
  await expect(theirs.getByRole("heading", { level: 1, name: "Migrations" })).toBeVisible();
  await theirs.getByRole("button", { name: "Sign out" }).click();

  await theirs.goto(/https?:\/\/\S+#token=[\w-]+/.exec(invitation.text)![0]);
  await theirs.getByLabel("New password").fill(`${PASSWORD}?`);
  await theirs.getByRole("button", { name: "Set password" }).click();
  await expect(theirs.getByRole("alert").filter({ hasText: "This link is not valid or has expired." })).toBeVisible();

  await theirs.goto(`${service.url}/console`);
  await theirs.getByRole("link", { name: "Forgot your password?" }).click();
  await theirs.getByLabel("Mail address").fill(mail);
  await theirs.getByRole("button", { name: "Send link" }).click();
  await expect(theirs.getByText("If a member has this address, a link is on its way.")).toBeVisible();
  await look(theirs, "forgotten password");
  const reset = await lab.mail("the new password", ({ subject, envelope_to }) => subject.startsWith("A new password") && envelope_to.includes(mail));
  await theirs.goto(/https?:\/\/\S+#token=[\w-]+/.exec(reset.text)![0]);
  await theirs.getByLabel("New password").fill(`${PASSWORD}!`);
  await theirs.getByRole("button", { name: "Set password" }).click();
  await expect(theirs.getByRole("heading", { level: 1, name: "Migrations" })).toBeVisible();
  await theirs.context().close();
});

test("the list of migrations is filtered by state, domain and words, and goes on page by page", async ({ page, operator, service, lab }) => {
  test.setTimeout(240_000);
  await reseller(page, operator, service.url, "Dry Dock");
  const { secret } = await as<{ secret: string }>(page, service.url, "/api-keys", { name: "panel", scopes: ["orders:write", "vouchers:write"] });
  const panel = new Api(service.url, secret);
  const [anna, berta] = [lab.state.accounts[0]!, lab.state.accounts[1]!];
  const draft = await withAccounts(panel, lab, [anna]);
  const cancelled = await withAccounts(panel, lab, [berta]);
  await panel.call("POST", `/orders/${cancelled.id}/cancel`);
  for (let n = 0; n < 101; n += 1) await panel.createOrder({});
  await page.reload();
  const rows = page.getByRole("table", { name: "Migrations" }).locator("tbody tr");
  await expect(rows).toHaveCount(100);
  await page.getByRole("button", { name: "Show more" }).click();
  await expect(rows).toHaveCount(103);
  await expect(page.getByRole("button", { name: "Show more" })).toHaveCount(0);

  await page.getByRole("button", { name: "Closed or cancelled" }).click();
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText(berta.source_user);
  await expect(page.getByRole("button", { name: "Closed or cancelled" })).toHaveAttribute("aria-pressed", "true");
  await page.getByRole("button", { name: "Under way" }).click();
  await expect(page.getByText("No migration fits.")).toBeVisible();
  await page.getByRole("button", { name: "All", exact: true }).click();
  await page.getByLabel("Search", { exact: true }).fill(draft.id);
  await page.getByRole("button", { name: "Find" }).click();
  await expect(rows).toHaveCount(1);
  await page.getByLabel("Search", { exact: true }).fill("");
  await page.getByLabel("Domain").fill("nowhere.example");
  await page.keyboard.press("Enter");
  await expect(page.getByText("No migration fits.")).toBeVisible();
  await page.getByLabel("Domain").fill(anna.source_user.split("@")[1]!);
  await page.keyboard.press("Enter");
  await expect(rows).toHaveCount(2);
  await look(page, "filtered list");
});

test("a migration in the list opens with its logs, to its reseller alone", async ({ page, browser, operator, service, lab }) => {
  await reseller(page, operator, service.url, "Log Book");
  const { secret } = await as<{ secret: string }>(page, service.url, "/api-keys", { name: "panel", scopes: ["orders:write", "vouchers:write"] });
  const account = lab.state.accounts[4]!;
  const order = await completed(new Api(service.url, secret), lab, [account]);
  await page.reload();
  const row = page.getByRole("row").filter({ hasText: account.source_user });
  await expect(row).toContainText("Finished");
  await row.getByRole("link", { name: new RegExp(account.source_user) }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Your mail has arrived" })).toBeVisible();
  await page.getByRole("button", { name: `Protocol of ${account.source_user}` }).click();
  const logs = page.getByRole("dialog", { name: `Protocol: ${account.source_user}` });
  await expect(logs.getByRole("tab", { name: "Log 1 · Main run" })).toBeVisible();
  await expect(logs.getByRole("table", { name: "Folders" })).toContainText("INBOX");
  const stranger = await browser.newContext({ locale: "en-GB" });
  const other = await stranger.newPage();
  await reseller(other, operator, service.url, "Other Quay");
  await other.goto(`${service.url}/orders/${order.id}/status`);
  await expect(other.getByRole("heading", { level: 1, name: "This migration cannot be opened" })).toBeVisible();
  await expect(other.getByText(account.source_user)).toHaveCount(0);
  await stranger.close();
});

test("a link is changed: what it is called, where to, and which voucher pays", async ({ page, browser, operator, service }) => {
  await reseller(page, operator, service.url, "Breakwater");
  await as(page, service.url, "/vouchers", { pairs: 7 });
  await part(page, "Links");
  await page.getByRole("button", { name: "Create link" }).click();
  const form = page.getByRole("dialog");
  await form.getByLabel("Name", { exact: true }).fill("Autumn");
  await form.getByLabel("Who pays").selectOption("prepaid");
  await form.getByLabel("Accounts it pays for").fill("0");
  await form.getByRole("button", { name: "Save changes" }).click();
  await expect(form.locator(".field-error")).toBeVisible();
  await look(page, "link dialog with an error");
  await form.getByLabel("Accounts it pays for").fill("2");
  await form.getByLabel("Logo").setInputFiles({ name: "logo.svg", mimeType: "image/svg+xml", buffer: Buffer.from("<svg/>") });
  await expect(form.getByText("Choose a PNG, JPEG or WebP picture of at most 64 kB.")).toBeVisible();
  const pixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
  await form.getByLabel("Logo").setInputFiles({ name: "logo.png", mimeType: "image/png", buffer: pixel });
  await form.getByRole("button", { name: "Save changes" }).click();
  const row = page.getByRole("row").filter({ hasText: "Autumn" });
  await expect(row).toContainText("0 / 2");
  await expect(row).toContainText("Any provider");

  await row.getByRole("button", { name: "Edit Autumn" }).click();
  await form.getByLabel("Name", { exact: true }).fill("Winter");
  await form.getByRole("combobox", { name: "New provider" }).fill("gmail");
  await form.getByRole("option", { name: /Gmail/ }).first().click();
  const voucher = form.getByLabel("Who pays").locator("option").filter({ hasText: "0 / 7" });
  await form.getByLabel("Who pays").selectOption((await voucher.getAttribute("value"))!);
  await form.getByRole("button", { name: "Save changes" }).click();
  const changed = page.getByRole("row").filter({ hasText: "Winter" });
  await expect(changed).toContainText("0 / 7");
  await expect(changed).toContainText("Gmail");
  await look(page, "changed link");
  const visitor = await (await browser.newContext({ locale: "en-GB" })).newPage();
  await visitor.goto((await changed.locator(".copyline .mono").textContent())!.trim());
  await expect(visitor.getByRole("banner").locator("img")).toBeVisible();
  await visitor.context().close();
});

test("a webhook's log tells each attempt, and what was delivered is sent again", async ({ page, lab }) => {
  test.setTimeout(240_000);
  const hook = await Hook.start(lab);
  const service = await Service.start({ lab, openPorts: [hook.port] });
  try {
    const operator = new Api(service.url, await service.operatorKey());
    await reseller(page, operator, service.url, "Signal Station");
    await part(page, "Webhooks");
    await page.getByRole("button", { name: "Add webhook" }).click();
    const dialog = page.getByRole("dialog", { name: "Add webhook" });
    await dialog.getByLabel("Address").fill(hook.url);
    await dialog.getByRole("checkbox", { name: "order.cancelled" }).check();
    await dialog.getByRole("button", { name: "Add webhook" }).click();
    await expect(page.getByText("is shown this once only")).toBeVisible();
    const { terms_version } = await operator.call<{ terms_version: string }>("GET", "/service");
    const order = await as<{ id: string }>(page, service.url, "/orders", { accepted_terms: terms_version });
    await as(page, service.url, `/orders/${order.id}/cancel`, {});
    await page.getByRole("button", { name: `Deliveries to ${hook.url}` }).click();
    const log = page.getByRole("dialog", { name: "Deliveries" });
    await expect(log.getByText("order.cancelled")).toBeVisible();
    await expect(log.getByText("Delivered")).toBeVisible({ timeout: 60_000 });
    await expect(log.getByText("HTTP 204")).toHaveCount(1);
    await look(page, "deliveries");
    await log.getByRole("button", { name: "Send again: order.cancelled" }).click();
    await expect(log.getByText("HTTP 204")).toHaveCount(2, { timeout: 60_000 });
    expect(hook.ids).toHaveLength(2);
    expect(new Set(hook.ids).size).toBe(1);
    hook.status = 500;
    await log.getByRole("button", { name: "Send again: order.cancelled" }).click();
    await expect(log.getByText("HTTP 500")).toHaveCount(1, { timeout: 60_000 });
    await expect(log.getByText(/Next attempt:/)).toBeVisible();
    await look(page, "deliveries with a failure");
  } finally {
    await service.stop();
    await hook.stop();
  }
});

test("the console by keyboard alone: signing in, a voucher, a filter, a question, signing out", async ({ page, operator, service }) => {
  const mail = `keys-${Date.now()}@keyboard.example`;
  await operator.call("POST", "/tenants", { name: "Keyboard Quay", admin: { name: "Kim", mail, password: PASSWORD } });
  await page.goto(`${service.url}/console`);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  const keyboard = new Keyboard(page);
  await keyboard.fill(page.getByLabel("Mail address"), mail);
  await keyboard.fill(page.getByLabel("Password", { exact: true }), PASSWORD);
  await keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Migrations" })).toBeVisible();
  await keyboard.push(page.getByRole("link", { name: "Skip to content" }));
  await expect(page.locator("#main")).toBeFocused();
  await keyboard.push(page.getByRole("link", { name: "Vouchers", exact: true }));
  await expect(page.getByRole("heading", { level: 1, name: "Vouchers" })).toBeFocused();
  await keyboard.push(page.getByRole("button", { name: "Create vouchers" }));
  const dialog = page.getByRole("dialog", { name: "Create vouchers" });
  await keyboard.fill(dialog.getByLabel("Accounts per voucher"), "3");
  await keyboard.push(dialog.getByRole("button", { name: "Create vouchers" }));
  await expect(page.getByText("1 voucher was created")).toBeVisible();
  await keyboard.push(page.getByRole("button", { name: "Redeemed", exact: true }));
  await expect(page.getByText("There are no vouchers.")).toBeVisible();
  await keyboard.push(page.getByRole("button", { name: "Issued", exact: true }));
  await keyboard.push(page.getByRole("button", { name: /^Revoke MF-/ }));
  const question = page.getByRole("dialog", { name: "Revoke this voucher?" });
  await expect(question).toBeVisible();
  await keyboard.press("Escape");
  await expect(question).toBeHidden();
  await keyboard.push(page.getByRole("button", { name: /^Revoke MF-/ }));
  await keyboard.push(question.getByRole("button", { name: "Revoke" }));
  await expect(page.getByText("There are no vouchers.")).toBeVisible();
  await keyboard.push(page.getByRole("link", { name: "Requested migrations" }));
  await expect(page.getByRole("heading", { level: 1, name: "Requested migrations" })).toBeFocused();
  await keyboard.push(page.getByRole("button", { name: "Sign out" }));
  await expect(page.getByRole("heading", { level: 1, name: "Sign in to the console" })).toBeVisible();
});
