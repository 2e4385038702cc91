// Every component in every theme, contrast and width.

import { violations } from "../support/axe.ts";
import { overflows, smallTargets } from "../support/layout.ts";
import { expect, test } from "./fixtures.ts";

test("every component passes axe in both themes and with more contrast, fits, and is large enough", async ({ page, service }) => {
  await page.goto(`${service.url}/styleguide`);
  await expect(page.getByRole("heading", { level: 1, name: "Style guide" })).toBeVisible();
  for (const contrast of ["no-preference", "more"] as const) {
    await page.emulateMedia({ contrast });
    expect.soft(await violations(page), `contrast: ${contrast}`).toEqual([]);
  }
  for (const width of [320, 390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    expect.soft(await overflows(page), `${width} pixels`).toEqual([]);
  }
  expect(await smallTargets(page)).toEqual([]);
  await page.getByRole("button", { name: "Open a dialog" }).click();
  expect(await violations(page)).toEqual([]);
});

test("with forced colours what is chosen is still told from what is not", async ({ page, service }) => {
  await page.emulateMedia({ forcedColors: "active" });
  await page.goto(`${service.url}/styleguide`);
  const chips = page.locator(".chip");
  const grounds = await chips.evaluateAll((all) => all.map((chip) => getComputedStyle(chip).backgroundColor));
  expect(new Set(grounds).size).toBe(2);
});

test("whoever wants less motion gets none", async ({ page, service }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.goto(`${service.url}/styleguide`);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  const moving = await page.evaluate(() => document.getAnimations().length);
  expect(moving).toBe(0);
});
