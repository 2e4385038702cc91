// The console of a reseller.

import { Api } from "../support/api.ts";
import { completed, servers } from "../support/ready.ts";
import { PASSWORD, type Visit } from "./visit.ts";

export async function console(visit: Visit): Promise<void> {
  const { page, world } = visit;
  const mail = `chief-${visit.language}@reseller.example`;
  const admin = { name: "Chief", mail, password: PASSWORD };
  await world.operator.call("POST", "/tenants", { name: "Harbour Hosting", admin });
  await visit.go("/console");
  await visit.shoot("sign-in");
  await page.locator("#sign-in-mail").fill(mail);
  await page.locator("#sign-in-password").fill(PASSWORD);
  await page.locator("form button[type=submit]").click();
  await page.locator(".side").waitFor();
  await visit.shoot("empty");
  const key = await page.request.post(`${world.service.url}/api/v1/api-keys`, {
    data: { name: "Provisioning", scopes: ["orders:write", "vouchers:write", "links:write", "webhooks:write"] },
    headers: { origin: world.service.url },
  });
  const reseller = new Api(world.service.url, ((await key.json()) as { secret: string }).secret);
  const done = await completed(reseller, world.lab, world.lab.state.accounts.slice(1, 3));
  for (let n = 0; n < 2; n += 1) await reseller.createOrder(servers(world.lab));
  await reseller.call("POST", "/vouchers", { pairs: 25, count: 3 });
  const brand = { name: "Harbour Mail Move", colour: "#0b5fa5", support_address: "help@harbour.example" };
  await reseller.call("POST", "/links", { name: "Spring offer", brand, prepaid_pairs: 10 });
  await reseller.call("POST", "/webhooks", { url: "https://hooks.reseller.example/mailferry" });
  for (const part of ["migrations", "new", "vouchers", "links", "webhooks", "members", "keys", "profile"]) {
    await visit.go(`/console/${part}`);
    await visit.shoot(part);
  }
  await visit.go(`/console/migrations/${done.id}`);
  await page.getByRole("table").first().waitFor();
  await visit.shoot("migration");
  for (const part of ["vouchers", "links", "webhooks", "members", "keys"]) {
    await visit.go(`/console/${part}`);
    await page.locator(".row-between > .button-primary").click();
    await visit.shoot(`${part}-form`);
  }
  if (visit.language === "en") {
    await visit.go("/styleguide");
    await visit.shoot("styleguide");
  }
}
