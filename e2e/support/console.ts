// The console of resellers and operators.

import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:https";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { type Browser, type Page, expect } from "@playwright/test";

import { Api } from "./api.ts";
import { violations } from "./axe.ts";
import type { Lab } from "./lab.ts";
import { overflows, smallTargets } from "./layout.ts";

/** The password of every member that a test makes. */
export const PASSWORD = "a long enough password";

/** Fills in the form to sign in, and sends it: from an address of its own, since each may sign in ten times at once. */
export async function signIn(page: Page, url: string, mail: string, password: string): Promise<void> {
  await page.context().setExtraHTTPHeaders({ "x-forwarded-for": someAddress() });
  await page.goto(`${url}/console`);
  await page.getByLabel("Mail address").fill(mail);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Of a network that is for documentation (RFC 3849). */
function someAddress(): string {
  return `2001:db8:${randomBytes(6).toString("hex").match(/.{4}/g)!.join(":")}::1`;
}

/** Goes to a part of the console. */
export async function part(page: Page, name: string): Promise<void> {
  await page.getByRole("navigation", { name: "Parts of the console" }).getByRole("link", { name, exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
}

/** What is shown now is accessible in both themes, fits at every width, and can be touched. */
export async function look(page: Page, name: string): Promise<void> {
  expect.soft(await violations(page), `axe at ${name}`).toEqual([]);
  for (const width of [320, 390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    expect.soft(await overflows(page), `${name} at ${width} pixels`).toEqual([]);
  }
  expect.soft(await smallTargets(page), `targets at ${name}`).toEqual([]);
}

/** A new tenant's admin, signed in. */
export async function reseller(page: Page, operator: Api, url: string, tenant: string): Promise<string> {
  const mail = `chief-${Date.now()}@${tenant.toLowerCase().replaceAll(" ", "-")}.example`;
  await operator.call("POST", "/tenants", { name: tenant, admin: { name: "Chief", mail, password: PASSWORD } });
  await signIn(page, url, mail, PASSWORD);
  await expect(page.getByText(tenant)).toBeVisible();
  return mail;
}

/** A member of the operator's tenant, signed in with a browser of their own. */
export async function operatorDesk(browser: Browser, operator: Api, url: string): Promise<Page> {
  const mail = `master-${Date.now()}@service.example`;
  await operator.call("POST", "/members", { name: "Harbour master", mail, role: "admin", password: PASSWORD });
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await signIn(page, url, mail, PASSWORD);
  return page;
}

/** Calls the API as whoever is signed in at `page`. */
export async function as<T>(page: Page, url: string, path: string, data: unknown): Promise<T> {
  const answer = await page.request.post(`${url}/api/v1${path}`, { data, headers: { origin: url } });
  expect(answer.ok(), await answer.text()).toBe(true);
  return (await answer.json()) as T;
}

/** The program "panel" of whoever is signed in at `page`, with a key of its own for orders and vouchers. */
export async function panelOf(page: Page, url: string): Promise<Api> {
  const key = { name: "panel", scopes: ["orders:write", "vouchers:write"] };
  const { secret } = await as<{ secret: string }>(page, url, "/api-keys", key);
  return new Api(url, secret);
}

/** A reseller's server for webhooks, with a certificate of the lab's authority. */
export class Hook {
  readonly #server: Server;
  /** `webhook-id` of what has arrived, in order. */
  readonly ids: string[] = [];
  /** What is answered. */
  status = 204;

  private constructor(lab: Lab) {
    const folder = dirname(lab.state.ca_file);
    const file = (name: string) => readFileSync(join(folder, name));
    this.#server = createServer({ cert: file("cert.pem"), key: file("key.pem") }, (request, response) => {
      this.ids.push(String(request.headers["webhook-id"]));
      request.resume().on("end", () => response.writeHead(this.status).end());
    });
  }

  static async start(lab: Lab): Promise<Hook> {
    const hook = new Hook(lab);
    await new Promise<void>((done) => hook.#server.listen(0, "127.0.0.1", done));
    return hook;
  }

  get port(): number {
    const address = this.#server.address();
    if (!address || typeof address !== "object") throw new Error("the hook has no port");
    return address.port;
  }

  get url(): string {
    return `https://localhost:${this.port}/hook`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}
