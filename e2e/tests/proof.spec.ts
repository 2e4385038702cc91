// The proof in a language other than English: it says what it does before it does it, leaves the keyboard where it was,
// and words every difference.

import type { Locator } from "@playwright/test";

import { violations } from "../support/axe.ts";
import { imap } from "../support/imap.ts";
import { Keyboard } from "../support/keyboard.ts";
import { completed, open } from "../support/ready.ts";
import { text } from "../support/texts.ts";
import { expect, test } from "./fixtures.ts";

const NORA = { source_user: "nora@old.example", destination_user: "nora@new.example" };

/** A message of this number; `at` is its internal date. */
function append(number: number, subject: string, body: string, at = "01-Feb-2020 10:00:00 +0000"): string {
  const lines = ["From: a@b.example", `Subject: ${subject}`, `Message-ID: <${number}@proof.example>`, "", body, ""].join("\r\n");
  return `APPEND INBOX "${at}" {${lines.length}+}\r\n${lines}`;
}

const de = (key: string, values: Record<string, string> = {}): string => text("de", key, values);

test("what differs is told in the reader's language, after a question, and the keyboard stays where it was", async ({ page, lab, operator }) => {
  test.setTimeout(180_000);
  const { source, destination, password } = lab.state;
  const mails = [1, 2, 3, 4, 5].map((number) => append(number, `Nummer ${number}`, `Text ${number}`));
  await imap(source.imap_port, NORA.source_user, password, mails);
  const order = await completed(operator, lab, [{ ...lab.state.accounts[0]!, ...NORA }]);
  // One is rewritten, one cut short, one flagged, one gone, and one is of another day.
  const changed = ["SELECT INBOX", "STORE 3 +FLAGS (\\Flagged)", "STORE 1,2,4,5 +FLAGS (\\Deleted)", "EXPUNGE"];
  const again = [append(1, "Nummer eins", "Text 1"), append(2, "Nummer 2", "x".repeat(4000)), append(5, "Nummer 5", "Text 5", "03-Mar-2021 10:00:00 +0000")];
  await imap(destination.imap_port, NORA.destination_user, password, [...changed, ...again]);

  const asked: string[] = [];
  page.on("request", (request) => void (request.method() === "POST" && asked.push(new URL(request.url()).pathname)));
  await open(page, operator, order);
  await page.getByLabel(text("en", "app.choose_language"), { exact: true }).selectOption("de");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(de("status.title_completed"));
  const keyboard = new Keyboard(page);
  const proof = page.getByRole("region", { name: de("verify.title") });
  const question = page.getByRole("dialog", { name: de("verify.ask_title") });
  const verify = proof.getByRole("button", { name: de("verify.start"), exact: true });

  await test.step("it is asked first, and Escape leaves everything as it was", async () => {
    await keyboard.push(verify);
    await expect(question).toContainText(de("verify.ask_text"));
    expect(await violations(page)).toEqual([]);
    await keyboard.press("Escape");
    await expect(question).toBeHidden();
    await expect(verify).toBeFocused();
    expect(asked.filter((path) => path.endsWith("/verifications"))).toEqual([]);
  });

  await test.step("the button keeps the focus while it compares, and afterwards", async () => {
    await keyboard.push(verify);
    await keyboard.push(question.getByRole("button", { name: de("verify.ask_confirm") }));
    await expect(question).toBeHidden();
    await expect(proof.getByRole("button", { name: de("verify.again") })).toBeFocused({ timeout: 60_000 });
    expect(asked.filter((path) => path.endsWith("/verifications"))).toHaveLength(1);
  });

  await test.step("every difference is in German", async () => {
    const rows = proof.getByRole("table", { name: de("verify.table") }).locator("tbody").getByRole("row");
    await expect(rows).toHaveCount(5);
    const row = (number: number): Locator => rows.filter({ hasText: `<${number}@proof.example>` });
    await expect(row(4)).toContainText(de("verify.absent"));
    await expect(row(4).getByRole("listitem")).toHaveCount(0);
    await expect(row(2)).toContainText(de("verify.different"));
    await expect(row(2).getByRole("listitem")).toHaveText(["Text oder Anhänge", /^4\skB statt 79\sByte$/]);
    await expect(row(1)).toContainText(de("verify.rewritten"));
    await expect(row(1).getByRole("listitem").first()).toHaveText("Kopfzeile Subject");
    await expect(row(3)).toContainText(de("verify.identical"));
    await expect(row(3).getByRole("listitem")).toHaveText(["markiert als wichtig"]);
    await expect(row(5).getByRole("listitem")).toHaveText([/^Datum 3\.\sMärz\s2021.* statt 1\.\sFeb\.\s2020.*$/]);
    expect(await violations(page)).toEqual([]);
  });
});
