// Parts of the console in depth: tenants, invitations, the list of migrations with its filters and logs.

import { completed, withAccounts } from "../support/ready.ts";
import { PASSWORD, look, operatorDesk, panelOf, part, reseller, signIn } from "../support/console.ts";
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
  await desk.getByRole("button", { name: "Edit Pier 9" }).click();
  const change = desk.getByRole("dialog", { name: "Change tenant" });
  await change.getByLabel("Accounts per migration, at most").fill("lots");
  await change.getByRole("button", { name: "Save changes" }).click();
  await expect(change.locator(".field-error")).toBeVisible();
  await change.getByLabel("Accounts per migration, at most").fill("25");
  await change.getByRole("button", { name: "Save changes" }).click();
  await expect(desk.getByRole("row").filter({ hasText: "Pier 9" })).toContainText("25");
  await look(desk, "tenants");
  await desk.context().close();
  await signIn(page, service.url, mail, PASSWORD);
  await expect(page.getByText("Pier 9")).toBeVisible();
  await expect(page.getByText("There are no migrations yet.")).toBeVisible();
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
  await dialog.getByRole("button", { name: "Add member" }).click();
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

  // Whoever has been here before gets a new password, after a question.
  await page.reload();
  await expect(page.getByRole("button", { name: "Reset password: Chief" }), "one changes one's own in the profile").toHaveCount(0);
  await page.getByRole("button", { name: "Reset password: Mate" }).click();
  const question = page.getByRole("dialog", { name: "Send a link for a new password?" });
  await expect(question).toContainText(mail);
  await look(page, "question before a password is reset");
  await question.getByRole("button", { name: "Send link" }).click();
  await expect(question).toBeHidden();
  await expect(page.getByText(`A link was sent to ${mail}.`)).toBeVisible();
});

test("the list of migrations is filtered by state, domain and words, and goes on page by page", async ({ page, operator, service, lab }) => {
  test.setTimeout(240_000);
  await reseller(page, operator, service.url, "Dry Dock");
  const panel = await panelOf(page, service.url);
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

  await page.getByText("More filters").click();
  await page.getByLabel("Created until").fill("2020-01-31");
  await page.getByRole("button", { name: "Find" }).click();
  await expect(page.getByText("No migration fits.")).toBeVisible();
  await page.getByLabel("Created until").fill("");
  await page.getByLabel("Created from").fill("2020-01-31");
  await page.getByLabel("Asked by").selectOption({ label: "Chief" });
  await page.getByRole("button", { name: "Find" }).click();
  await expect(rows, "the key is Chief's").toHaveCount(2);
  await page.getByLabel("Created from").fill("2999-01-31");
  await page.getByRole("button", { name: "Find" }).click();
  await expect(page.getByText("No migration fits.")).toBeVisible();
  await look(page, "filtered list, nothing found");
  await page.getByRole("button", { name: "Show all" }).click();
  await expect(rows).toHaveCount(100);
  await expect(page.getByLabel("Domain")).toHaveValue("");
  expect(new URL(page.url()).search).toBe("");
});

test("a migration opens within the console, and leads back to the list as it was filtered", async ({ page, operator, service, lab }) => {
  test.setTimeout(240_000);
  await reseller(page, operator, service.url, "Turnstile");
  const panel = await panelOf(page, service.url);
  const [anna, berta] = [lab.state.accounts[0]!, lab.state.accounts[1]!];
  const order = await withAccounts(panel, lab, [anna, berta]);
  await page.reload();
  await page.getByRole("button", { name: "Being set up" }).click();
  await page.getByLabel("Search", { exact: true }).fill(order.id);
  await page.getByRole("button", { name: "Find" }).click();
  await page.getByRole("link", { name: new RegExp(anna.source_user) }).click();
  await expect(page.getByRole("heading", { level: 1, name: `${anna.source_user} and 1 more` })).toBeVisible();
  const parts = page.getByRole("navigation", { name: "Parts of the console" });
  await expect(parts.getByRole("link", { name: "Migrations", exact: true })).toHaveAttribute("aria-current", "page");
  const particulars = page.getByRole("region", { name: "Details" });
  await expect(particulars).toContainText("panel");
  await expect(particulars).toContainText("Standard");
  await look(page, "migration being set up");

  await page.getByRole("main").getByRole("link", { name: "Migrations" }).click();
  await expect(page.getByLabel("Search", { exact: true })).toHaveValue(order.id);
  await expect(page.getByRole("button", { name: "Being set up" })).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByRole("table", { name: "Migrations" }).locator("tbody tr")).toHaveCount(1);

  await page.getByRole("link", { name: new RegExp(anna.source_user) }).click();
  await page.getByRole("link", { name: "Go on with the setup" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Check and start" })).toBeVisible();
  await page.getByRole("link", { name: "Back to the console" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Migrations" })).toBeVisible();
  await page.goto(`${service.url}/console/migrations/${order.id}`);
  await page.getByRole("button", { name: "Delete migration" }).click();
  const question = page.getByRole("dialog");
  await look(page, "question before deleting");
  await question.getByRole("button", { name: "Delete for good" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "The migration was deleted" })).toBeVisible();
  await page.getByRole("link", { name: "To the list of migrations" }).click();
  await expect(page.getByText("There are no migrations yet.")).toBeVisible();
  await page.goto(`${service.url}/console/migrations/${order.id}`);
  await expect(page.getByRole("alert")).toBeVisible();
  await look(page, "migration that is no more");
});

test("a migration in the list opens with its logs, to its reseller alone", async ({ page, browser, operator, service, lab }) => {
  await reseller(page, operator, service.url, "Log Book");
  const account = lab.state.accounts[4]!;
  const order = await completed(await panelOf(page, service.url), lab, [account]);
  await page.reload();
  const row = page.getByRole("row").filter({ hasText: account.source_user });
  await expect(row).toContainText("Finished");
  await row.getByRole("link", { name: new RegExp(account.source_user) }).click();
  await expect(page.getByRole("heading", { level: 1, name: account.source_user })).toBeVisible();
  await expect(page.getByRole("main").getByText("Finished").first()).toBeVisible();
  await look(page, "finished migration");
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
