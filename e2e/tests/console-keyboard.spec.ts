// The console by keyboard alone: every control is reached by Tab, shows that it has the focus, and works.

import { PASSWORD } from "../support/console.ts";
import { Keyboard } from "../support/keyboard.ts";
import { expect, test } from "./fixtures.ts";

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
  await keyboard.push(page.getByRole("navigation", { name: "Parts of the console" }).getByRole("link", { name: "Vouchers", exact: true }));
  await expect(page.getByRole("heading", { level: 1, name: "Vouchers" })).toBeFocused();
  await keyboard.push(page.getByRole("button", { name: "Create vouchers" }));
  const dialog = page.getByRole("dialog", { name: "Create vouchers" });
  await keyboard.fill(dialog.getByLabel("Accounts per voucher"), "3");
  await keyboard.push(dialog.getByRole("button", { name: "Create vouchers" }));
  await expect(page.getByText("1 voucher was created")).toBeVisible();
  await keyboard.push(page.getByRole("button", { name: "Redeemed", exact: true }));
  await expect(page.getByText("No voucher fits.")).toBeVisible();
  await keyboard.push(page.getByRole("button", { name: "Issued", exact: true }));
  await keyboard.push(page.getByRole("button", { name: /^Revoke MF-/ }));
  const question = page.getByRole("dialog", { name: "Revoke this voucher?" });
  await expect(question).toBeVisible();
  await keyboard.press("Escape");
  await expect(question).toBeHidden();
  await keyboard.push(page.getByRole("button", { name: /^Revoke MF-/ }));
  await keyboard.push(question.getByRole("button", { name: "Revoke" }));
  await expect(page.getByText("No voucher fits.")).toBeVisible();
  await keyboard.push(page.getByRole("link", { name: "Requested migrations" }));
  await expect(page.getByRole("heading", { level: 1, name: "Requested migrations" })).toBeFocused();
  await keyboard.push(page.getByRole("button", { name: "Sign out" }));
  await expect(page.getByRole("heading", { level: 1, name: "Sign in to the console" })).toBeVisible();
});
