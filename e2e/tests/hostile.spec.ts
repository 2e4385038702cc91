// Security in the browser: the policy without exceptions, and hostile text on every screen.

import type { Page } from "@playwright/test";

import { Api } from "../support/api.ts";
import { PASSWORD, as, operatorDesk, part } from "../support/console.ts";
import { imap, rudeServer } from "../support/imap.ts";
import { completed, open, servers, withAccounts } from "../support/ready.ts";
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
  // Every address of the page answers with a shell of the same policy.
  const order = "00000000-0000-7000-8000-000000000000";
  const paths = ["", "terms", "privacy", "request", "console", "console/password", "nothing/here", `orders/${order}/status`, `orders/${order}/confirm`, `orders/${order}/request`];
  for (const path of paths) {
    const shell = await page.request.get(`${service.url}/${path}`);
    expect(shell.headers()["content-security-policy"], path).toBe(POLICY);
    const html = await shell.text();
    expect(html, path).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(html, path).not.toMatch(/\sstyle=|\son\w+=/);
  }
  // The one exception, which is no page of ours: what renders the API's document sets styles inline. No script of its own either.
  const docs = await page.request.get(`${service.url}/api/docs/`);
  const policy = docs.headers()["content-security-policy"]!;
  expect(policy).toContain("script-src 'self';");
  expect(policy).toContain("style-src 'self' 'unsafe-inline'");
  expect(policy).toContain("form-action 'none'");
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

test("hostile names are shown as they are by the dry run, by the proof and by what is told of DNS", async ({ page, lab, operator, service }) => {
  test.setTimeout(180_000);
  const account = { ...lab.state.accounts[5]!, source_user: "hostile@dns.example" };
  const message = "From: a@b.example\r\nSubject: x\r\n\r\nx\r\n";
  const commands = FOLDERS.flatMap((folder) => [`CREATE "${folder}"`, `APPEND "${folder}" {${message.length}+}\r\n${message}`]);
  await imap(lab.state.source.imap_port, account.source_user, lab.state.password, commands);
  const record = `v=spf1 ${SCRIPT} -all`;
  await lab.name({ name: "dns.example", mx: ["mx.dns.example"], texts: [record] });
  const wrong = await watch(page);
  const draft = await withAccounts(operator, lab, [account]);
  await open(page, operator, draft);
  await page.goto(`${service.url}/orders/${draft.id}/confirm`);
  await page.getByRole("button", { name: "Show what would be copied" }).click();
  const dryRun = page.getByRole("region", { name: "Dry run", exact: true });
  for (const folder of FOLDERS) await expect(dryRun.getByText(folder, { exact: true }).first()).toBeVisible({ timeout: 60_000 });

  const done = await completed(operator, lab, [account]);
  await open(page, operator, done);
  await expect(page.getByText(record, { exact: true })).toBeVisible({ timeout: 120_000 });
  // What is missing is named.
  const missing = FOLDERS.flatMap((folder) => [`SELECT "${folder}"`, "STORE 1 +FLAGS (\\Deleted)", "EXPUNGE"]);
  await imap(lab.state.destination.imap_port, account.destination_user, lab.state.password, missing);
  const proof = page.getByRole("region", { name: "Proof, byte for byte" });
  await proof.getByRole("button", { name: "Verify" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Verify now" }).click();
  await expect(proof.getByText(/messages arrived, byte for byte/)).toBeVisible({ timeout: 60_000 });
  for (const folder of FOLDERS) await expect(proof.getByText(folder, { exact: true }).first()).toBeVisible();
  expect(await wrong()).toEqual([]);
});

test("hostile text of files, of customers and of members does nothing on their screens and on the operator's", async ({ page, browser, lab, operator, service }) => {
  test.setTimeout(180_000);
  const wrong = await watch(page);
  const order = await operator.createOrder(servers(lab));
  await open(page, operator, order);
  await page.goto(`${service.url}/orders/${order.id}/accounts`);
  await page.getByRole("tab", { name: "Add multiple accounts" }).click();
  const cell = SCRIPT.replaceAll('"', "");
  const lines = [`;${cell}@old.example;x;;anna@new.example;x;;`, `${cell};ben@old.example;x;;ben@new.example;x;;`, `${cell};two`];
  const file = { name: `${FOLDERS[0]}.csv`, mimeType: "text/csv", buffer: Buffer.from(lines.join("\r\n")) };
  await page.getByLabel("Choose file: file of accounts").setInputFiles(file);
  await expect(page.getByText(`${cell}@old.example`).first()).toBeVisible();
  await expect(page.getByLabel(/^Line 2, column 1:/)).toHaveValue(cell);
  await page.getByRole("button", { name: "Add 1 account" }).click();
  await page.goto(`${service.url}/orders/${order.id}/accounts`);
  await expect(page.getByText(`${cell}@old.example`).first()).toBeVisible();

  const content = (text: string) => Buffer.from(text).toString("base64");
  const { request, order: asked } = await operator.call<{ request: { id: string }; order: { manage_url: string } }>("POST", "/requests", {
    accepted_terms: await operator.termsVersion(),
    accounts: { content: `localhost;${SCRIPT}@old.example;x;localhost;anna@new.example;x;;` },
    wished_start: new Date(Date.now() + 72 * 3_600_000).toISOString(),
    contact_address: "hostile@requests.example",
    note: SCRIPT,
    attachments: [{ name: "<img src=x onerror=pwned=1>.vcf", content: content("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Anna\r\nEND:VCARD\r\n") }],
  });
  await page.goto(asked.manage_url);
  await page.waitForURL(/\/request$/);
  await expect(page.getByText(SCRIPT, { exact: true })).toBeVisible();
  await expect(page.getByText("<img src=x onerror=pwned=1>.vcf")).toBeVisible();

  const desk = await operatorDesk(browser, operator, service.url);
  const wrongAtDesk = await watch(desk);
  await part(desk, "Requested migrations");
  await as(desk, service.url, "/links", { name: SCRIPT, brand: { name: SCRIPT.slice(0, 60) } });
  await as(desk, service.url, "/api-keys", { name: SCRIPT, scopes: ["orders:read"] });
  await as(desk, service.url, "/webhooks", { url: "https://hooks.example/<script>pwned=1</script>" });
  await as(desk, service.url, "/vouchers", { pairs: 1, note: SCRIPT });
  await operator.call("PATCH", `/orders/${order.id}`, { reference: SCRIPT.slice(0, 100) });
  await as(desk, service.url, "/members", { name: SCRIPT, mail: `hostile-${Date.now()}@service.example`, role: "member", password: PASSWORD });
  await as(desk, service.url, "/tenants", { name: SCRIPT, admin: { name: SCRIPT, mail: `hostile-${Date.now()}@tenant.example`, password: PASSWORD } });
  for (const [path, text] of [["links", SCRIPT], ["keys", SCRIPT], ["members", SCRIPT], ["tenants", SCRIPT], ["vouchers", SCRIPT], ["migrations", "<img"], ["migrations", SCRIPT.slice(0, 100)], ["requests", "hostile@requests.example"], ["webhooks", "hooks.example"], [`requests/${request.id}`, SCRIPT]] as const) {
    await desk.goto(`${service.url}/console/${path}`);
    await expect(desk.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(desk.getByText(text).filter({ visible: true }).first(), path).toBeVisible();
  }
  expect(await wrongAtDesk()).toEqual([]);
  expect(await wrong()).toEqual([]);
  await desk.context().close();
});
