// The whole way by keyboard alone: every control is reached by Tab, shows that it has the focus, and works.

import { type Locator, type Page } from "@playwright/test";

import { smallTargets } from "../support/layout.ts";
import { Keyboard } from "../support/keyboard.ts";
import { text } from "../support/texts.ts";
import { expect, test } from "./fixtures.ts";

async function server(keyboard: Keyboard, group: Locator, host: string, port: number, tls: string): Promise<void> {
  await keyboard.fill(group.getByLabel("Server (host name)"), host);
  await keyboard.to(group.getByLabel("Encryption"));
  // Letters choose in a list.
  await keyboard.press(tls === "starttls" ? "s" : "t");
  await keyboard.fill(group.getByLabel("Port"), String(port));
}

async function at(page: Page, heading: string): Promise<void> {
  await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
}

test("two mailboxes move by keyboard alone", async ({ page, lab, operator, service }) => {
  test.setTimeout(240_000);
  const { host, source, destination, password } = lab.state;
  const [account, pasted] = [lab.state.accounts[2]!, lab.state.accounts[1]!];
  const keyboard = new Keyboard(page);
  await page.goto(service.url);
  await at(page, "Move your mail. Keep every message.");

  await test.step("skip link and terms", async () => {
    await keyboard.push(page.getByRole("link", { name: "Skip to content" }));
    await expect(page.locator("#main")).toBeFocused();
    await keyboard.tick(page.getByRole("checkbox", { name: "I accept the terms of service" }));
    await keyboard.tick(page.getByRole("checkbox", { name: "I have read the privacy statement" }));
    await keyboard.push(page.getByRole("button", { name: "Begin" }));
  });

  await test.step("providers", async () => {
    await at(page, "From where to where?");
    await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
    const search = page.getByRole("combobox", { name: "Current provider" });
    await keyboard.fill(search, "gmail");
    await keyboard.press("ArrowDown");
    await keyboard.press("Enter");
    await expect(search).toHaveValue(/Gmail/i);
    const byHand = page.getByRole("button", { name: "Add missing provider or server" });
    await keyboard.push(byHand.first());
    await server(keyboard, page.getByRole("group", { name: "Server of the current provider" }), host, source.imaps_port, "implicit");
    await keyboard.push(byHand);
    await server(keyboard, page.getByRole("group", { name: "Server of the new provider" }), host, destination.imap_port, "starttls");
    await keyboard.push(page.getByRole("button", { name: "Continue" }));
  });

  await test.step("an account", async () => {
    await at(page, "Which accounts?");
    // Who has no account yet begins with one; the arrows lead through the tabs.
    await keyboard.to(page.getByRole("tab", { name: "Add account" }));
    await keyboard.press("ArrowLeft");
    await expect(page.getByRole("tab", { name: /Account overview/ })).toBeFocused();
    await keyboard.press("ArrowRight");
    const panel = page.getByRole("tabpanel", { name: "Add account" });
    const from = panel.getByRole("group", { name: "Current account" });
    await keyboard.fill(from.getByLabel("User name"), account.source_user);
    await keyboard.fill(from.getByLabel("Password", { exact: true }), password);
    const to = panel.getByRole("group", { name: "New account" });
    await keyboard.fill(to.getByLabel("User name"), account.destination_user);
    await keyboard.fill(to.getByLabel("Password", { exact: true }), password);
    await keyboard.push(panel.getByRole("button", { name: "Add account" }));
    const row = page.getByRole("table", { name: "Account pairs" }).getByRole("row").filter({ hasText: account.source_user });
    await expect(row.getByText("Login works")).toHaveCount(2, { timeout: 60_000 });
  });

  await test.step("and another one, pasted as a line", async () => {
    await keyboard.to(page.getByRole("tab", { name: /Account overview/ }));
    await keyboard.press("ArrowLeft");
    const panel = page.getByRole("tabpanel", { name: "Add multiple accounts" });
    await keyboard.push(panel.locator("summary", { hasText: "Paste the lines instead" }));
    const line = `;${pasted.source_user};${password};;${pasted.destination_user};${password};;`;
    await keyboard.fill(panel.getByLabel("Lines with accounts"), line);
    await keyboard.push(panel.getByRole("button", { name: "Read the lines" }));
    await expect(panel.getByText("1 account can be added")).toBeVisible();
    await keyboard.push(panel.getByRole("button", { name: "Add 1 account" }));
    const rows = page.getByRole("table", { name: "Account pairs" }).getByRole("row");
    await expect(rows.filter({ hasText: pasted.source_user }).getByText("Login works")).toHaveCount(2, { timeout: 60_000 });
    await keyboard.push(page.getByRole("button", { name: "Continue" }));
  });

  await test.step("dry run and second run", async () => {
    await at(page, "Check and start");
    await keyboard.push(page.getByRole("button", { name: "Show what would be copied" }));
    await expect(page.getByRole("region", { name: "Dry run", exact: true })).toContainText(/would be copied\./, { timeout: 60_000 });
    await keyboard.to(page.getByRole("radio", { name: "I start it with a click" }));
    await keyboard.press("ArrowDown");
    await expect(page.getByRole("radio", { name: /once your domain points to the new provider/ })).toBeChecked();
    await keyboard.press("ArrowUp");
    await expect(page.getByRole("radio", { name: "I start it with a click" })).toBeChecked();
  });

  await test.step("voucher and start", async () => {
    await keyboard.fill(page.getByLabel("Voucher code"), await operator.voucher(2));
    await keyboard.press("Enter");
    await expect(page.getByText("All 2 accounts are paid for.")).toBeVisible();
    await keyboard.push(page.getByRole("button", { name: "Start migration" }));
  });

  await test.step("protocol, folders, and a question answered with Escape", async () => {
    await at(page, "Your mail has arrived");
    await keyboard.push(page.getByRole("button", { name: `Folders of ${account.source_user}` }));
    await expect(page.getByRole("region", { name: "Folders" })).toBeVisible();
    const protocol = page.getByRole("button", { name: `Protocol of ${account.source_user}` });
    await keyboard.push(protocol);
    const dialog = page.getByRole("dialog", { name: /Protocol/ });
    await keyboard.push(dialog.getByRole("button", { name: "Close" }));
    await expect(protocol).toBeFocused();
    const delta = page.getByRole("button", { name: "Start delta migration" });
    await page.keyboard.press("Control+Home");
    await keyboard.push(delta);
    await expect(page.getByRole("dialog", { name: "Start a delta migration?" })).toBeVisible();
    await keyboard.press("Escape");
    await expect(delta).toBeFocused();
    expect(await smallTargets(page)).toEqual([]);
  });

  await test.step("proof, passwords, and another language", async () => {
    await keyboard.push(page.getByRole("button", { name: "Verify" }));
    await keyboard.push(page.getByRole("dialog").getByRole("button", { name: "Verify now" }));
    await expect(page.getByText(/^Verified byte for byte on /)).toBeVisible({ timeout: 60_000 });
    const forget = page.getByRole("button", { name: "Forget passwords now" });
    await keyboard.push(forget);
    await expect(page.getByRole("dialog", { name: "Forget all passwords?" })).toBeVisible();
    await keyboard.press("Escape");
    await expect(forget).toBeFocused();
    await keyboard.to(page.getByLabel(text("en", "app.choose_language"), { exact: true }));
    await keyboard.press("d");
    await at(page, text("de", "status.title_completed"));
  });
});
