// The pages that need no order, and what is shown where nothing can be.

import { REST_MS, type Visit } from "./visit.ts";

export async function start(visit: Visit): Promise<void> {
  const { page } = visit;
  await visit.go("/");
  await visit.shoot("start");
  await visit.button("intro.begin").click();
  await visit.shoot("start-errors");
  for (const name of ["terms", "privacy"]) {
    await visit.go(`/${name}`);
    await visit.shoot(name);
  }
  await visit.go("/nothing/here");
  await visit.shoot("nothing-here");
  await visit.go("/orders/00000000-0000-7000-8000-000000000001/status");
  await visit.shoot("locked");
  await page.route("**/api/**", () => {});
  await page.goto(`${visit.world.service.url}/orders/00000000-0000-7000-8000-000000000001/status`);
  await page.waitForTimeout(REST_MS);
  await visit.shoot("loading");
  await page.unroute("**/api/**");
  await page.route("**/api/**", (route) => route.abort());
  await page.goto(`${visit.world.service.url}/orders/00000000-0000-7000-8000-000000000001/status`);
  await page.waitForTimeout(REST_MS);
  await visit.shoot("unreachable");
  await page.unroute("**/api/**");
  await page.route("**/*.wasm", (route) => route.abort());
  await page.goto(visit.world.service.url);
  await page.getByRole("alert").waitFor();
  await visit.shoot("no-module");
  await page.unroute("**/*.wasm");
}
