// Logging in by what is no password: access tokens that are fetched, and admins in the form that their server wants.

import { Api } from "../support/api.ts";
import { look } from "../support/console.ts";
import { open, servers } from "../support/ready.ts";
import { Service } from "../support/service.ts";
import { text } from "../support/texts.ts";
import { TokenService } from "../support/tokens.ts";
import { expect, test } from "./fixtures.ts";

const say = (key: string) => text("en", key);

test("an account at Google logs in with a refresh token, and its provider's way is explained", async ({ page, lab }) => {
  test.setTimeout(180_000);
  const tokens = await TokenService.start();
  const service = await Service.start({ lab, openPorts: [tokens.port], env: tokens.settings });
  try {
    const operator = new Api(service.url, await service.operatorKey());
    const gmail = { provider: "gmail", endpoint: { host: "imap.gmail.com", port: 993, tls: "implicit" } };
    const order = await operator.createOrder({ ...servers(lab), source: gmail });
    await open(page, operator, order);
    await page.goto(`${service.url}/orders/${order.id}/accounts`);
    await page.getByRole("tab", { name: say("accounts.tab_add") }).click();
    const panel = page.getByRole("tabpanel", { name: say("accounts.tab_add") });
    const from = panel.getByRole("group", { name: say("accounts.source_legend") });
    const to = panel.getByRole("group", { name: say("accounts.destination_legend") });
    await expect(to.getByLabel(say("oauth.kind"))).toHaveCount(0);
    const kind = from.getByLabel(say("oauth.kind"));
    await expect(kind.locator("option")).toHaveText(["oauth.password", "oauth.refresh", "oauth.google", "oauth.token"].map(say));

    await kind.selectOption("oauth_token");
    await expect(from.getByLabel(say("oauth.token"), { exact: true })).toBeVisible();
    await kind.selectOption("oauth_refresh");
    await expect(from.getByText(say("oauth.setup_refresh_google"))).toBeVisible();
    await expect(from.getByRole("link", { name: say("oauth.instructions") })).toHaveAttribute("href", /^https:\/\/developers\.google\.com\//);
    await expect(from.getByLabel(say("accounts.password"), { exact: true })).toHaveCount(0);
    await from.getByLabel(say("accounts.user"), { exact: true }).fill("anna@gmail.com");
    await to.getByLabel(say("accounts.user"), { exact: true }).fill(lab.state.accounts[0]!.destination_user);
    await to.getByLabel(say("accounts.password"), { exact: true }).fill(lab.state.password);
    await panel.getByRole("button", { name: say("accounts.add") }).click();
    await expect(from.getByText(say("oauth.needed"))).toHaveCount(2);
    await look(page, "fields of a refresh token");

    await from.getByLabel(say("oauth.client_id")).fill("client-of-the-tests");
    await from.getByLabel(say("oauth.refresh_token"), { exact: true }).fill("1//refresh-token-of-the-tests");
    await from.getByText(say("accounts.details")).click();
    await from.getByLabel(say("accounts.act_for")).fill("ben@gmail.com");
    await expect(from.getByLabel(say("delegation.label")), "a token is not written together with a name").toHaveCount(0);
    await from.getByLabel(say("accounts.act_for")).fill("");
    // The lab's server, which takes no access tokens, stands for Google's.
    await from.getByRole("checkbox", { name: say("accounts.own_server_tick") }).check();
    const server = from.getByRole("group", { name: say("accounts.own_server_legend_source") });
    await server.getByLabel(say("server.host")).fill(lab.state.host);
    await server.getByLabel(say("server.port")).fill(String(lab.state.source.imaps_port));
    await panel.getByRole("button", { name: say("accounts.add") }).click();
    const row = page.getByRole("table", { name: say("accounts.table") }).getByRole("row").filter({ hasText: "anna@gmail.com" });
    await expect(row.getByText(say("accounts.login_failed"))).toBeVisible({ timeout: 60_000 });
    expect(tokens.asked[0]).toMatchObject({
      grant_type: "refresh_token",
      client_id: "client-of-the-tests",
      refresh_token: "1//refresh-token-of-the-tests",
    });
    expect(tokens.asked[0]).not.toHaveProperty("client_secret");

    // Changed, it stays what it is; what was entered is not shown, and kept.
    await row.getByRole("button", { name: /^Edit/ }).click();
    const dialog = page.getByRole("dialog", { name: say("accounts.edit_title") });
    await expect(dialog.getByLabel(say("oauth.kind"))).toHaveValue("oauth_refresh");
    await expect(dialog.getByLabel(say("oauth.refresh_token"), { exact: true })).toHaveValue("");
    const asked = tokens.asked.length;
    await dialog.getByRole("button", { name: say("accounts.save") }).click();
    await expect(dialog).toBeHidden();
    await expect(row.getByText(say("accounts.login_failed"))).toBeVisible({ timeout: 60_000 });
    expect(tokens.asked.length).toBeGreaterThanOrEqual(asked);
    const [pair] = await operator.call<{ items: { source: Record<string, unknown> }[] }>("GET", `/orders/${order.id}/accounts`).then(({ items }) => items);
    expect(pair!.source).toMatchObject({ credential: "oauth_refresh", has_password: true });

    await page.getByRole("tab", { name: say("accounts.tab_import") }).click();
    await page.getByText(say("admin.title")).click();
    const admin = page.getByRole("form", { name: say("providers.source_label") });
    await admin.getByLabel(say("oauth.kind")).selectOption("google_service_account");
    await expect(admin.getByLabel(say("admin.user"))).toHaveCount(0);
    await admin.getByRole("button", { name: say("admin.save") }).click();
    await expect(admin.getByText(say("oauth.needed"))).toBeVisible();
    await admin.getByLabel(say("oauth.key_file")).fill('{"type": "authorized_user"}');
    await admin.getByRole("button", { name: say("admin.save") }).click();
    await expect(admin.locator("#admin-source-key-file-error .field-error")).toBeVisible();
    await look(page, "a key file that is none");
  } finally {
    tokens.stop();
    await service.stop();
  }
});

test("an admin logs in for an account in the form that its server wants", async ({ page, lab, operator, service }) => {
  const { accounts, master_user, master_password, password } = lab.state;
  const account = accounts[2]!;
  const order = await operator.createOrder(servers(lab));
  await open(page, operator, order);
  await page.goto(`${service.url}/orders/${order.id}/accounts`);
  await page.getByRole("tab", { name: say("accounts.tab_add") }).click();
  const panel = page.getByRole("tabpanel", { name: say("accounts.tab_add") });
  const from = panel.getByRole("group", { name: say("accounts.source_legend") });
  await from.getByLabel(say("accounts.user"), { exact: true }).fill(master_user);
  await from.getByLabel(say("accounts.password"), { exact: true }).fill(master_password);
  await from.getByText(say("accounts.details")).click();
  await expect(from.getByLabel(say("delegation.label"))).toHaveCount(0);
  await from.getByLabel(say("accounts.act_for")).fill(account.source_user);
  await from.getByLabel(say("delegation.label")).selectOption("master_user");
  await expect(from.getByLabel(say("delegation.separator"))).toHaveAttribute("placeholder", "*");
  await look(page, "the form of a master user");
  const to = panel.getByRole("group", { name: say("accounts.destination_legend") });
  await to.getByLabel(say("accounts.user"), { exact: true }).fill(account.destination_user);
  await to.getByLabel(say("accounts.password"), { exact: true }).fill(password);
  await panel.getByRole("button", { name: say("accounts.add") }).click();
  const row = page.getByRole("table", { name: say("accounts.table") }).getByRole("row").filter({ hasText: account.source_user });
  await expect(row.getByText(say("accounts.login_passed"))).toHaveCount(2, { timeout: 60_000 });
  const { items } = await operator.call<{ items: { source: Record<string, unknown> }[] }>("GET", `/orders/${order.id}/accounts`);
  expect(items[0]!.source).toMatchObject({ delegation: { form: "master_user" }, act_for: account.source_user });
});
