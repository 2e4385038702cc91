// Accessibility of what the browser shows now, in both themes.

import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";

/** Violations in words, one a line; empty if there are none. */
export async function violations(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const result = await new AxeBuilder({ page }).analyze();
    for (const violation of result.violations) {
      const places = violation.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ");
      found.push(`${colorScheme}: ${violation.id} (${violation.impact}): ${violation.help}: ${places}`);
    }
  }
  return found;
}
