// The console of resellers and operators.

import type { Page } from "@playwright/test";

/** The password of every member that a test makes. */
export const PASSWORD = "a long enough password";

/** Fills in the form to sign in, and sends it. */
export async function signIn(page: Page, url: string, mail: string, password: string): Promise<void> {
  await page.goto(`${url}/console`);
  await page.getByLabel("Mail address").fill(mail);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}
