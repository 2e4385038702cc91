// The console of a reseller: sign-in, members, keys, vouchers, a new migration, the list with its filters.

import { readFileSync } from "node:fs";

import { Api } from "../support/api.ts";
import { violations } from "../support/axe.ts";
import { PASSWORD, look as lookAt, part, signIn } from "../support/console.ts";
import { withAccounts } from "../support/ready.ts";
import { expect, test } from "./fixtures.ts";

test("a reseller's admin works in the console", async ({ page, browser, operator, service, lab }) => {
  test.setTimeout(300_000);
  const mail = `chief-${Date.now()}@reseller.example`;
  const admin = { name: "Chief", mail, password: PASSWORD };
  await operator.call("POST", "/tenants", { name: "Harbour Hosting", admin });
  const look = (name: string) => lookAt(page, name);
  const open = (name: string) => part(page, name);

  await test.step("a wrong password is refused in words", async () => {
    await signIn(page, service.url, mail, "wrong wrong wrong");
    await expect(page.getByText("Mail address or password is not right.")).toBeVisible();
    await look("sign-in");
    await signIn(page, service.url, mail, PASSWORD);
    await expect(page.getByText("There are no migrations yet.")).toBeVisible();
    await expect(page.getByText("Harbour Hosting")).toBeVisible();
    await look("empty list");
  });

  await test.step("a member is added, changed and deleted", async () => {
    await open("Members");
    await page.getByRole("button", { name: "Add member" }).click();
    const dialog = page.getByRole("dialog", { name: "Member" });
    await dialog.getByLabel("Name").fill("Mate");
    await dialog.getByLabel("Mail address").fill("no address");
    await dialog.getByRole("button", { name: "Add member" }).click();
    await expect(dialog.getByText("A mail address looks like name@example.org.")).toBeVisible();
    await dialog.getByLabel("Mail address").fill(`mate-${Date.now()}@reseller.example`);
    await dialog.getByRole("radio", { name: "Manager" }).check();
    await dialog.getByLabel("Domains").fill("old.example\nnew.example");
    await look("member dialog");
    await dialog.getByRole("button", { name: "Add member" }).click();
    const row = page.getByRole("row").filter({ hasText: "Mate" });
    await expect(row).toContainText("old.example, new.example");
    await look("members");
    await row.getByRole("button", { name: "Edit Mate" }).click();
    await dialog.getByLabel("Name").fill("First Mate");
    await dialog.getByRole("button", { name: "Save changes" }).click();
    await page.getByRole("button", { name: "Delete First Mate" }).click();
    await page.getByRole("dialog", { name: "Delete this member?" }).getByRole("button", { name: "Delete member" }).click();
    await expect(page.getByRole("row").filter({ hasText: "First Mate" })).toHaveCount(0);
  });

  const key = await test.step("an API key is shown once and works", async () => {
    await open("API keys");
    await page.getByRole("button", { name: "Create API key" }).first().click();
    const dialog = page.getByRole("dialog", { name: "Create API key" });
    await dialog.getByLabel("Name").fill("Provisioning");
    await dialog.getByRole("checkbox", { name: "vouchers:write" }).check();
    // To write includes to read, and cannot be had without.
    await expect(dialog.getByRole("checkbox", { name: "vouchers:read" })).toBeChecked();
    await expect(dialog.getByRole("checkbox", { name: "vouchers:read" })).toBeDisabled();
    await dialog.getByLabel("Valid until").fill("2099-01-01T12:00");
    await dialog.getByRole("button", { name: "Create API key" }).click();
    await expect(page.getByText("It is shown this once only.")).toBeVisible();
    await look("keys");
    const key = (await page.locator(".copyline .mono").first().textContent())!.trim();
    const row = page.getByRole("row").filter({ hasText: "Provisioning" });
    for (const words of ["Live", `mf_live_…${key.slice(-4)}`, "Chief"]) await expect(row).toContainText(words);
    return key;
  });
  const reseller = new Api(service.url, key);
  const order = await withAccounts(reseller, lab, lab.state.accounts.slice(0, 1));

  await test.step("the list shows the migration, finds it, and opens it", async () => {
    await open("Migrations");
    await expect(page.getByRole("link", { name: /anna@old.example/ })).toBeVisible();
    await look("list");
    await page.getByLabel("Search", { exact: true }).fill("nobody@nowhere.example");
    await page.getByRole("button", { name: "Find" }).click();
    await expect(page.getByText("No migration fits.")).toBeVisible();
    await page.getByLabel("Search", { exact: true }).fill(order.id);
    await page.getByRole("button", { name: "Find" }).click();
    await page.getByRole("link", { name: /anna@old.example/ }).click();
    await expect(page.getByRole("heading", { level: 1, name: "anna@old.example" })).toBeVisible();
    await look("migration");
    await page.getByRole("main").getByRole("link", { name: "Migrations" }).click();
    await expect(page.getByLabel("Search", { exact: true })).toHaveValue(order.id);
  });

  await test.step("vouchers are made and kept in a file", async () => {
    await open("Vouchers");
    await page.getByRole("button", { name: "Create vouchers" }).click();
    const dialog = page.getByRole("dialog", { name: "Create vouchers" });
    await dialog.getByLabel("Accounts per voucher").fill("0");
    await dialog.getByRole("button", { name: "Create vouchers" }).click();
    await expect(dialog.locator(".field-error")).toBeVisible();
    await dialog.getByLabel("Accounts per voucher").fill("2");
    await dialog.getByLabel("How many vouchers").fill("3");
    await dialog.getByRole("button", { name: "Create vouchers" }).click();
    await expect(page.getByText("3 vouchers were created")).toBeVisible();
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download", exact: true }).click();
    expect((await download).suggestedFilename()).toBe("vouchers.csv");
    await look("vouchers");
  });

  await test.step("a voucher is revoked", async () => {
    const row = page.getByRole("row").filter({ hasText: "Issued" }).first();
    await row.getByRole("button", { name: /^Revoke/ }).click();
    await page.getByRole("dialog", { name: "Revoke this voucher?" }).getByRole("button", { name: "Revoke" }).click();
    await expect(page.getByRole("row").filter({ hasText: "Revoked" })).toHaveCount(1);
  });

  await test.step("a link carries the reseller's name and colour to those who open it", async () => {
    await open("Links");
    await page.getByRole("button", { name: "Create link" }).click();
    const dialog = page.getByRole("dialog", { name: "Create link" });
    await dialog.getByLabel("Name", { exact: true }).fill("Spring offer");
    await dialog.getByLabel("Name shown").fill("Harbour Mail Move");
    await dialog.getByLabel("Colour").fill("#ffd400");
    await look("link dialog");
    await dialog.getByRole("button", { name: "Create link" }).click();
    const row = page.getByRole("row").filter({ hasText: "Spring offer" });
    await expect(row).toBeVisible();
    await look("links");
    const url = (await row.locator(".copyline .mono").textContent())!.trim();
    const visitor = await browser.newContext({ locale: "en-GB" });
    const theirs = await visitor.newPage();
    await theirs.goto(url);
    await expect(theirs.getByRole("banner")).toContainText("Harbour Mail Move");
    expect(await violations(theirs)).toEqual([]);
    await theirs.getByRole("checkbox").first().check();
    await theirs.getByRole("checkbox").nth(1).check();
    await theirs.getByRole("button", { name: "Begin" }).click();
    await expect(theirs.getByRole("heading", { level: 1, name: "From where to where?" })).toBeVisible();
    await expect(theirs.getByRole("banner")).toContainText("Harbour Mail Move");
    await visitor.close();
    await row.getByRole("button", { name: "Revoke Spring offer" }).click();
    await page.getByRole("dialog", { name: "Revoke this link?" }).getByRole("button", { name: "Revoke" }).click();
    await expect(row).toContainText("Revoked");
  });

  await test.step("a webhook is added, and its log is empty at first", async () => {
    await open("Webhooks");
    await page.getByRole("button", { name: "Add webhook" }).click();
    const dialog = page.getByRole("dialog", { name: "Add webhook" });
    await dialog.getByLabel("Address").fill("https://hooks.reseller.example/mailferry");
    await dialog.getByRole("checkbox", { name: "order.completed" }).check();
    await dialog.getByRole("button", { name: "Add webhook" }).click();
    await expect(page.getByText("is shown this once only")).toBeVisible();
    await look("webhooks");
    await page.getByRole("button", { name: "Deliveries to https://hooks.reseller.example/mailferry" }).click();
    await expect(page.getByText("Nothing was sent yet.")).toBeVisible();
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("button", { name: "Delete https://hooks.reseller.example/mailferry" }).click();
    await page.getByRole("dialog", { name: "Delete this webhook?" }).getByRole("button", { name: "Delete" }).click();
    await expect(page.getByText("There are no webhooks.")).toBeVisible();
  });

  await test.step("a revoked key is refused", async () => {
    await open("API keys");
    await page.getByRole("button", { name: "Revoke Provisioning" }).click();
    await page.getByRole("dialog", { name: "Revoke this API key?" }).getByRole("button", { name: "Revoke" }).click();
    await expect(page.getByText("There are no API keys.")).toBeVisible();
    await expect(reseller.call("GET", "/orders")).rejects.toThrow(/not_signed_in/);
  });

  await test.step("a new migration goes on in the wizard", async () => {
    await open("New migration");
    await page.getByLabel("Your reference").fill("Customer 4711");
    await page.getByRole("checkbox").check();
    await page.getByRole("button", { name: "Continue" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "From where to where?" })).toBeVisible();
  });

  await test.step("it is found by its reference, which is changed, and stands in the file", async () => {
    await page.goto(`${service.url}/console`);
    await page.getByLabel("Search", { exact: true }).fill("customer 47");
    await page.getByRole("button", { name: "Find" }).click();
    const rows = page.getByRole("table", { name: "Migrations" }).locator("tbody tr");
    await expect(rows).toHaveCount(1);
    await expect(rows).toContainText("Customer 4711");
    await expect(page.getByText("1 entry")).toBeVisible();
    await rows.getByRole("link").click();
    const details = page.getByRole("region", { name: "Details" });
    await expect(details).toContainText("Customer 4711");
    await details.getByRole("button", { name: "Change reference" }).click();
    const dialog = page.getByRole("dialog", { name: "Change reference" });
    await dialog.getByLabel("Your reference").fill("=1+1 & co");
    await dialog.getByRole("button", { name: "Save changes" }).click();
    await expect(details).toContainText("=1+1 & co");
    await page.getByRole("main").getByRole("link", { name: "Migrations" }).click();
    await page.getByLabel("Search", { exact: true }).fill("& co");
    await page.getByRole("button", { name: "Find" }).click();
    await expect(rows).toContainText("=1+1 & co");
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Export (CSV)" }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe("migrations.csv");
    const lines = readFileSync(await file.path(), "utf8").trim().split("\r\n");
    expect(lines).toHaveLength(2);
    // What a spreadsheet would reckon is kept from being one.
    expect(lines[1]).toContain("'=1+1 & co");
  });

  await test.step("the password is changed, and one signs out", async () => {
    await page.goto(`${service.url}/console/profile`);
    await page.getByLabel("Current password").fill(PASSWORD);
    await page.getByLabel("New password").fill(`${PASSWORD}!`);
    await page.getByRole("button", { name: "Change password" }).click();
    await expect(page.getByText("The password was changed.")).toBeVisible();
    await look("profile");
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page.getByRole("heading", { name: "Sign in to the console" })).toBeVisible();
    await signIn(page, service.url, mail, `${PASSWORD}!`);
    await expect(page.getByRole("heading", { level: 1, name: "Migrations" })).toBeVisible();
  });
});
