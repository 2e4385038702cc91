// What becomes of a payment.

import { withAccounts } from "../support/ready.ts";
import type { Visit } from "./visit.ts";

export async function pay(visit: Visit): Promise<void> {
  const { page, world } = visit;
  const { lab, operator, paypal } = world;
  for (const [outcome, told] of [["held back", "pay.pending"], ["declined", "pay.declined"], ["too little", "pay.mismatched"]] as const) {
    const order = await withAccounts(operator, lab, lab.state.accounts.slice(0, 1));
    await visit.order(order, "confirm");
    paypal.outcome = outcome;
    await page.getByRole("button", { name: /PayPal/ }).click();
    await page.getByRole("link", { name: "Agree and pay" }).click({ timeout: 30_000 });
    await page.getByText(visit.say(told)).waitFor({ timeout: 60_000 });
    await visit.shoot(outcome.replace(" ", "-"));
  }
  paypal.outcome = "paid";
}
