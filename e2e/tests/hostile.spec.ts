// Security in the browser: the policy without exceptions, and hostile text on every screen.

import type { Page } from "@playwright/test";

import { Api } from "../support/api.ts";
import { imap, rudeServer } from "../support/imap.ts";
import { completed, open, servers } from "../support/ready.ts";
import { Service } from "../support/service.ts";
import { expect, test } from "./fixtures.ts";

const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; font-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const SCRIPT = "<img src=x onerror=window.pwned=1><script>window.pwned=1</script>";
const FOLDERS = ["<img src=x onerror=pwned=1>", "{{ count }} {{ size }}", "=cmd|' !A1", "javascript:pwned=1"];

/** Whatever goes wrong in the page: scripts that ran, policies that were broken, errors. */
async function watch(page: Page): Promise<() => Promise<string[]>> {
  const found: string[] = [];
  page.on("pageerror", (error) => found.push(error.message));
  page.on("dialog", (dialog) => found.push(`a dialog: ${dialog.message()}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const seen = ((window as unknown as { violations?: string[] }).violations ??= []);
      seen.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
    });
  });
  return async () => {
    const inside = await page.evaluate(() => {
      const { pwned, violations } = window as unknown as { pwned?: number; violations?: string[] };
      return [...(pwned ? ["a script ran"] : []), ...(violations ?? [])];
    });
    return [...found, ...inside];
  };
}

test("the policy has no exceptions, and nothing of the page needs one", async ({ page, service }) => {
  const wrong = await watch(page);
  const answer = await page.goto(service.url);
  expect(answer?.headers()["content-security-policy"]).toBe(POLICY);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.getByRole("button", { name: /theme/ }).click();
  expect(await wrong()).toEqual([]);
  const html = await answer!.text();
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
  expect(html).not.toMatch(/\sstyle=|\son\w+=/);
});

test("hostile folder names are shown as they are, on every screen", async ({ page, lab, operator, service }) => {
  const account = lab.state.accounts[4]!;
  const message = "From: a@b.example\r\nSubject: x\r\n\r\nx\r\n";
  const commands = FOLDERS.flatMap((folder) => [`CREATE "${folder}"`, `APPEND "${folder}" {${message.length}+}\r\n${message}`]);
  await imap(lab.state.source.imap_port, account.source_user, lab.state.password, commands);
  const order = await completed(operator, lab, [account]);
  const wrong = await watch(page);
  await open(page, operator, order);
  await page.getByRole("button", { name: `Folders of ${account.source_user}` }).click();
  const folders = page.getByRole("region", { name: "Folders" });
  for (const folder of FOLDERS) await expect(folders.getByText(folder, { exact: true }).first()).toBeVisible();
  await page.getByRole("button", { name: `Protocol of ${account.source_user}` }).click();
  const dialog = page.getByRole("dialog", { name: /Protocol/ });
  for (const folder of FOLDERS) await expect(dialog.getByText(folder, { exact: true }).first()).toBeVisible();
  await dialog.getByRole("button", { name: "Close" }).click();
  for (const step of ["introduction", "providers", "accounts", "confirm"]) {
    await page.goto(`${service.url}/orders/${order.id}/${step}`);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  }
  expect(await wrong()).toEqual([]);
});

test("hostile account names and server messages do nothing", async ({ page, lab }) => {
  const service = await Service.start({ lab, env: { MAILFERRY_ALLOW_PLAINTEXT: "true" } });
  const rude = await rudeServer(lab.state.closed_port, `${SCRIPT} {{ count }}`);
  try {
    const operator = new Api(service.url, await service.operatorKey());
    const order = await operator.createOrder(servers(lab));
    const endpoint = { host: lab.state.host, port: lab.state.closed_port, tls: "plaintext" as const };
    const side = { user: `${SCRIPT}@old.example`, password: "x" };
    await operator.addAccount(order.id, { ...side, endpoint }, { ...side, endpoint });
    await operator.check(order.id);
    const wrong = await watch(page);
    await open(page, operator, order);
    for (const step of ["accounts", "confirm", "status"]) {
      await page.goto(`${service.url}/orders/${order.id}/${step}`);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
      await expect(page.getByText(SCRIPT, { exact: false }).first()).toBeVisible();
    }
    expect(await wrong()).toEqual([]);
  } finally {
    rude.close();
    await service.stop();
  }
});
