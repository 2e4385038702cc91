// The main pages, for those who do not read English or German.

import { completed, withAccounts } from "../support/ready.ts";
import type { Visit } from "./visit.ts";

export async function languages(visit: Visit): Promise<void> {
  const { lab, operator } = visit.world;
  await visit.go("/");
  await visit.shoot("start");
  const order = await withAccounts(operator, lab, lab.state.accounts.slice(1, 4), true);
  await visit.order(order, "accounts");
  await visit.shoot("accounts");
  await visit.order(order, "confirm");
  await visit.shoot("confirm");
  await visit.order(await completed(operator, lab, lab.state.accounts.slice(1, 3)), "status");
  await visit.shoot("status");
}
