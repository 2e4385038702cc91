// The status page: how fast it goes, what became of each message, files and paper, trying again, the proof, where new
// mail goes, and passwords that are forgotten and told again.

import { readFileSync, writeFileSync } from "node:fs";

import type { Locator, Page } from "@playwright/test";

import type { Pair } from "../support/api.ts";
import { violations } from "../support/axe.ts";
import { imap } from "../support/imap.ts";
import type { Lab } from "../support/lab.ts";
import { SlowLine } from "../support/line.ts";
import { open, servers } from "../support/ready.ts";
import { expect, test } from "./fixtures.ts";

/** Small enough for a chart to be drawn before it is over, bytes a second. */
const SLOW = 4_000;
/** Until the page is there, however long it takes. */
const CRAWL = 1_000;
const PETRA = { source_user: "petra@moving.example", destination_user: "petra@safe.example" };

const message = (subject: string, size = 10) => `From: a@b.example\r\nSubject: ${subject}\r\n\r\n${"x".repeat(60)}\r\n`.padEnd(size, "y\r\n");
const append = (folder: string, text: string) => `APPEND ${folder} "01-Feb-2020 10:00:00 +0000" {${text.length}+}\r\n${text}`;

/** Of six messages one is at the destination already, one is too large, and a folder takes none for now. */
async function prepare(lab: Lab): Promise<void> {
  const { source, destination, password, rights_file } = lab.state;
  const twice = append("INBOX", message("known"));
  const own = [append("INBOX", message("one")), twice, append("INBOX", message("two")), append("INBOX", message("large", 1_100_000))];
  const safe = ["CREATE Safe", append("Safe", message("three")), append("Safe", message("four"))];
  await imap(source.imap_port, PETRA.source_user, password, [...own, ...safe]);
  await imap(destination.imap_port, PETRA.destination_user, password, [twice]);
  writeFileSync(rights_file, "Safe owner lrwst\n");
}

async function download(page: Page, link: Locator): Promise<{ name: string; text: string }> {
  const [file] = await Promise.all([page.waitForEvent("download"), link.click()]);
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), "utf8") };
}

test("all that one wants to know of a migration, and can do about it", async ({ page, lab, operator }) => {
  test.setTimeout(300_000);
  const { source, closed_port, password, rights_file, destination } = lab.state;
  await prepare(lab);
  await lab.name({ name: "moving.example", mx: ["mx.moving.example"], texts: ["v=spf1 include:_spf.moving.example -all"] });
  await lab.name({ name: "s1._domainkey.moving.example", texts: ["v=DKIM1; k=rsa; p=MIGf"] });
  const line = await SlowLine.start(closed_port, source.imaps_port);
  const order = await operator.createOrder({
    ...servers(lab),
    notify_address: "owner@customer.example",
    options: { max_message_bytes: 1_000_000 },
  });
  const ben = { source_user: "ben@old.example", destination_user: "ben@safe.example" };
  await operator.addAccount(order.id, { user: PETRA.source_user, password }, { user: PETRA.destination_user, password });
  const endpoint = { host: "localhost", port: line.port, tls: "implicit" } as const;
  await operator.addAccount(order.id, { user: ben.source_user, password, endpoint }, { user: ben.destination_user, password });
  await operator.check(order.id);
  await operator.redeem(order.id, await operator.voucher(2));
  line.slow(CRAWL);
  await operator.call("POST", `/orders/${order.id}/start`, { delta_schedule: { trigger: "mx_changed" } });
  await open(page, operator, order);
  const title = page.getByRole("heading", { level: 1 });
  const button = (name: string) => page.getByRole("button", { name, exact: true });

  const mx = page.getByRole("region", { name: "Where new mail goes" });
  await test.step("where new mail goes is shown, also of a domain without a record", async () => {
    // In the middle of the first run nobody is told that a switch is still to come.
    await expect(mx.getByText("The MX record points to mx.moving.example.", { exact: true })).toBeVisible({ timeout: 60_000 });
    await expect(mx.getByText("Leave the MX record as it is until your mail has arrived.")).toBeVisible();
    await expect(mx.getByText("This domain has no MX record at the moment; as soon as it gets one, you see it here.")).toBeVisible();
    await expect(mx.getByText("Once the MX record has changed, a delta fetches by itself what still arrived at the old provider.")).toBeVisible();
    await expect(mx.getByText(/SPF/)).toHaveCount(0);
    await lab.name({ name: "moving.example", mx: ["mx.safe.example"], texts: ["v=spf1 include:_spf.moving.example -all"] });
  });

  await test.step("while it runs there is a chart of its speed, and it can be paused", async () => {
    await expect(title).toHaveText("Your mail is on its way");
    line.slow(SLOW);
    const chart = page.getByRole("img", { name: /^now .*, highest / });
    await expect(chart).toBeVisible({ timeout: 60_000 });
    await expect(page.getByText("Speed since you opened this page")).toBeVisible();
    expect(await chart.locator("polyline").getAttribute("points")).toMatch(/^[\d.]+,[\d.]+( [\d.]+,[\d.]+)+$/);
    await button("Pause").click();
    const question = page.getByRole("dialog", { name: "Pause the migration?" });
    await expect(question).toContainText("then it goes on where it stopped");
    await question.getByRole("button", { name: "Pause now" }).click();
    await expect(title).toHaveText("Paused");
    await button("Resume").click();
    const again = page.getByRole("dialog", { name: "Go on copying?" });
    await expect(again).toContainText("Copying goes on where it stopped. What has arrived stays, and nothing is copied twice.");
    await page.keyboard.press("Escape");
    await expect(again).toBeHidden();
    await expect(button("Resume")).toBeFocused();
    await expect(title).toHaveText("Paused");
    await button("Resume").click();
    const resume = again.getByRole("button", { name: "Resume now" });
    const refused = { type: "about:blank", title: "Conflict", status: 409, code: "wrong_state", detail: "It goes on already." };
    const answer = { status: 409, contentType: "application/problem+json", body: JSON.stringify(refused) };
    await page.route("**/resume", (route) => route.fulfill(answer), { times: 1 });
    await resume.click();
    await expect(again.locator(".notice-error")).toBeVisible();
    await expect(resume).toBeFocused();
    await page.keyboard.press("Enter");
    // The button is gone: one goes on among those that are there now.
    await expect(page.getByRole("group", { name: "Actions", exact: true })).toBeFocused();
    line.open();
    await expect(title).toHaveText("Finished, with exceptions", { timeout: 90_000 });
    expect(await violations(page)).toEqual([]);
  });

  const protocol = page.getByRole("dialog", { name: new RegExp(`Protocol: ${PETRA.source_user}`) });
  await test.step("the protocol tells what became of each message, by kind", async () => {
    await button(`Protocol of ${PETRA.source_user}`).click();
    const items = protocol.getByRole("table", { name: "Messages to look at" }).locator("tbody tr");
    await expect(items).toHaveCount(4);
    for (const [kind, count, words] of [
      ["Failed 2", 2, "The new provider refused this message."],
      ["Left out 1", 1, "The message is larger than the limit."],
      ["Duplicates 1", 1, "It was at the new provider before, so it was not copied again."],
    ] as const) {
      const chip = protocol.getByRole("button", { name: kind, exact: true });
      await chip.click();
      await expect(chip).toHaveAttribute("aria-pressed", "true");
      await expect(items).toHaveCount(count);
      await expect(items.first()).toContainText(words);
    }
    await protocol.getByRole("button", { name: "All 4", exact: true }).click();
    await expect(items).toHaveCount(4);
  });

  await test.step("it is kept in files", async () => {
    const csv = await download(page, protocol.getByRole("link", { name: "Download as CSV" }));
    expect(csv.name).toMatch(/\.csv$/);
    expect(csv.text.trim().split("\n").length).toBeGreaterThanOrEqual(5);
    const json = await download(page, protocol.getByRole("link", { name: "Download as JSON" }));
    const { items } = JSON.parse(json.text) as { items: { outcome: string; folder: string }[] };
    expect(items.map(({ outcome }) => outcome).sort()).toEqual(["duplicate", "failed", "failed", "skipped"]);
    for (const { folder } of items) expect(csv.text).toContain(folder);
  });

  await test.step("on paper stands the protocol alone", async () => {
    await page.evaluate(() => ((window as unknown as { printed: number }).printed = 0));
    await page.evaluate(() => (window.print = () => void ((window as unknown as { printed: number }).printed += 1)));
    await protocol.getByRole("button", { name: "Print" }).click();
    expect(await page.evaluate(() => (window as unknown as { printed: number }).printed)).toBe(1);
    await page.emulateMedia({ media: "print" });
    await expect(protocol.getByRole("heading", { name: "Messages to look at" })).toBeVisible();
    for (const hidden of [page.getByRole("banner"), protocol.getByRole("button", { name: "Print" }), page.getByRole("table", { name: "Accounts and their progress" })]) {
      await expect(hidden).toBeHidden();
    }
    await page.emulateMedia({ media: null });
    await protocol.getByRole("button", { name: "Close" }).click();
  });

  await test.step("what failed is tried again, and arrives", async () => {
    writeFileSync(rights_file, "");
    await button("Retry failed items").click();
    const question = page.getByRole("dialog", { name: "Retry failed items?" });
    await expect(question).toContainText("2 messages in 1 account are tried once more. What has arrived is not copied again");
    await question.getByRole("button", { name: "Retry now" }).click();
    await expect(title).toHaveText("Your mail has arrived", { timeout: 60_000 });
    await expect(button("Retry failed items")).toHaveCount(0);
  });

  const proof = page.getByRole("region", { name: "Proof, byte for byte" });
  await test.step("that everything arrived is proved, and what is missing is named", async () => {
    await proof.getByRole("button", { name: "Verify" }).click();
    await page.getByRole("dialog", { name: "Verify every message?" }).getByRole("button", { name: "Verify now" }).click();
    const sentence = proof.getByText(/^[\d,]+ of [\d,]+ messages arrived, byte for byte\.$/);
    await expect(sentence).toBeVisible({ timeout: 60_000 });
    const [identical, expected] = (await sentence.textContent())!.match(/[\d,]+/g)!;
    expect(identical).toBe(expected);
    const commands = ["SELECT Safe", "STORE 1 +FLAGS (\\Deleted)", "EXPUNGE"];
    await imap(destination.imap_port, PETRA.destination_user, password, commands);
    await proof.getByRole("button", { name: "Verify" }).click();
    await page.getByRole("dialog", { name: "Verify every message?" }).getByRole("button", { name: "Verify now" }).click();
    await expect(proof.getByText("1 message is missing from its folder.")).toBeVisible({ timeout: 60_000 });
    await expect(proof.getByRole("row").filter({ hasText: "Safe" })).toContainText("Absent");
    // The head of the page tells of it, and leads there.
    await expect(page.getByText(/found 1 message that is not there as it was copied\./)).toBeVisible();
    await expect(title).toHaveText("Finished, but the proof found differences");
    await expect(page.getByRole("link", { name: "Which, and what to do" })).toHaveAttribute("href", "#verify-title");
    expect(await violations(page)).toEqual([]);
  });

  await test.step("passwords are forgotten at once, and asked for again by a delta", async () => {
    await button("Forget passwords now").click();
    const question = page.getByRole("dialog", { name: "Forget all passwords?" });
    await question.getByRole("button", { name: "Forget passwords" }).click();
    await expect(question).toBeHidden();
    await expect(button("Forget passwords now")).toHaveCount(0);
    const kept = (await operator.accounts(order.id)).flatMap((pair) => [pair.source, pair.destination]) as (Pair["source"] & { has_password: boolean })[];
    expect(kept.map((side) => side.has_password)).toEqual([false, false, false, false]);
    // Without them a delta would fetch nothing.
    await expect(button("Start delta migration")).toHaveCount(0);
    await page.getByRole("link", { name: "Enter the passwords" }).click();
    const table = page.getByRole("table", { name: "Account pairs" });
    const row = (account: { source_user: string }) => table.getByRole("row").filter({ hasText: account.source_user });
    for (const account of [PETRA, ben]) await expect(row(account).getByText("No password")).toHaveCount(2);
    await row(PETRA).getByRole("button", { name: /^Edit/ }).click();
    const dialog = page.getByRole("dialog", { name: "Enter passwords" });
    // One account after the other is asked for.
    for (const [at, account] of [PETRA, ben].entries()) {
      await expect(dialog.getByRole("heading", { name: `Enter passwords · ${at + 1} of 2` })).toBeVisible();
      await expect(dialog.getByLabel("User name").first()).toHaveValue(account.source_user);
      await expect(dialog.getByLabel("User name").first()).toBeDisabled();
      for (const side of ["Current account", "New account"]) {
        await dialog.getByRole("group", { name: side }).getByLabel("Password", { exact: true }).fill(password);
      }
      expect(await violations(page)).toEqual([]);
      await dialog.getByRole("button", { name: "Save and check" }).click();
    }
    await expect(dialog).toBeHidden();
    for (const account of [PETRA, ben]) await expect(row(account).getByText("Login works")).toHaveCount(2, { timeout: 60_000 });
    await page.getByRole("navigation", { name: "Steps" }).getByRole("link", { name: "Observe migration" }).click();
    await expect(title).toHaveText("Finished, but the proof found differences");
    await button("Start delta migration").click();
    await page.getByRole("dialog").getByRole("button", { name: "Start delta now" }).click();
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await lab.mail("the delta has finished", ({ text, subject }) => text.includes(order.id) && /delta.*finished/i.test(subject));
    const { counters } = await lab.compare({ ...PETRA, messages: 0, size_bytes: 0, folders: 0 });
    expect(counters["extra"]).toBe(0);
  });

  const records = page.getByRole("region", { name: "What DNS says of your domain" });
  await test.step("once the mail has arrived one sees who may send, domain by domain", async () => {
    const moving = records.getByRole("listitem").filter({ hasText: "moving.example" });
    await expect(moving.getByText("There is an SPF record. The new provider tells you what it must name.")).toBeVisible({ timeout: 120_000 });
    await expect(moving.getByText("v=spf1 include:_spf.moving.example -all")).toBeVisible();
    await expect(moving.getByText("There is a DKIM key: s1")).toBeVisible();
    const old = records.getByRole("listitem").filter({ hasText: "old.example" });
    await expect(old.getByText("There is no SPF record.")).toBeVisible();
    await expect(old.getByText("No DKIM key was found under the usual names.")).toBeVisible();
    expect(await violations(page)).toEqual([]);
  });

  await test.step("the switch of the MX record is seen by itself", async () => {
    await expect(records.getByText(/The MX record points to mx\.safe\.example now; by .* everybody knows it\./)).toBeVisible({ timeout: 120_000 });
  });

  await test.step("what is cancelled has no percentage, but tells what was copied", async () => {
    await operator.call("POST", `/orders/${order.id}/cancel`);
    await expect(title).toHaveText("Cancelled", { timeout: 60_000 });
    const overall = page.getByRole("region", { name: "Overall progress" });
    await expect(overall.getByText(/^Before it was cancelled: /)).toBeVisible();
    await expect(overall.getByRole("progressbar")).toHaveCount(0);
    expect(await violations(page)).toEqual([]);
  });
  line.stop();
});
