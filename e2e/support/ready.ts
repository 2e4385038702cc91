// Orders in the states that pages are looked at in, made by the API.

import { type Page, expect } from "@playwright/test";

import type { Api, Order, Pair } from "./api.ts";
import type { Lab, LabAccount } from "./lab.ts";

/** What a new order begins with: the lab's servers. */
export function servers(lab: Lab): Record<string, unknown> {
  const { host, source, destination } = lab.state;
  return {
    source: { endpoint: { host, port: source.imaps_port, tls: "implicit" } },
    destination: { endpoint: { host, port: destination.imap_port, tls: "starttls" } },
  };
}

/** An order with `accounts`; the last one has a wrong password if `wrong`. */
export async function withAccounts(api: Api, lab: Lab, accounts: LabAccount[], wrong = false): Promise<Order> {
  const order = await api.createOrder({ ...servers(lab), notify_address: "owner@customer.example" });
  for (const [at, account] of accounts.entries()) {
    const password = wrong && at === accounts.length - 1 ? "wrong" : lab.state.password;
    await add(api, order, lab, account, password);
  }
  await api.check(order.id);
  return order;
}

async function add(api: Api, order: Order, lab: Lab, account: LabAccount, password: string): Promise<Pair> {
  const source = { user: account.source_user, password };
  const destination = { user: account.destination_user, password: lab.state.password };
  return api.addAccount(order.id, source, destination);
}

/** An order all of whose mail has been copied. */
export async function completed(api: Api, lab: Lab, accounts: LabAccount[]): Promise<Order> {
  const order = await withAccounts(api, lab, accounts);
  await api.redeem(order.id, await api.voucher(accounts.length));
  await api.start(order.id);
  await api.watch(order.id, () => {}, 120);
  return order;
}

/** Opens the order by its link; the page is at one of its steps then, and the link's token is spent. */
export async function open(page: Page, api: Api, order: Order): Promise<void> {
  // A page of the same order would take a mere change of the fragment for a newer link.
  await page.goto("about:blank");
  await page.goto(await link(api, order));
  await page.waitForURL(/\/orders\/[^/]+\/[a-z]+$/);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
}

/** The link that opens the order in a browser. */
export async function link(api: Api, order: Order): Promise<string> {
  const { manage_url: url } = await api.call<Order>("GET", `/orders/${order.id}`);
  if (!url) throw new Error("the order names no link");
  return url;
}
