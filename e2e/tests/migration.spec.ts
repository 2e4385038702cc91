// The whole way of an end user through the page, against real servers: terms, providers, two accounts by form and two
// by file, a wrong password with its reason, check, voucher, start, protocol, new mail, delta, status mails.

import { violations } from "../support/axe.ts";
import { OWNER, Walk } from "../support/walk.ts";
import { expect, test } from "./fixtures.ts";

test("an end user moves four mailboxes and fetches new mail later", async ({ page, browser, lab, service, operator }) => {
  test.setTimeout(300_000);
  const accounts = lab.state.accounts.slice(0, 4);
  const [anna, ben] = [accounts[0]!, accounts[1]!];
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  const looks: string[] = [];
  const look = async (name: string): Promise<void> => {
    looks.push(name);
    expect.soft(await violations(page), `axe at ${name}`).toEqual([]);
  };
  const walk = new Walk({ page, url: service.url, lab, look, voucher: (pairs) => operator.voucher(pairs) });

  await test.step("terms", () => walk.introduction());
  await test.step("providers", () => walk.providers());
  await test.step("two accounts by form, one with a wrong password", async () => {
    await walk.addAccount(anna, lab.state.password);
    await walk.addAccount(ben, "wrong");
  });
  await test.step("two accounts by file", () => walk.addFile(accounts.slice(2)));
  await test.step("checks, a red cross with its reason", () => walk.overview(accounts, ben));
  await test.step("the password is corrected", () => walk.correct(ben));
  await test.step("voucher and start", () => walk.confirm(4));
  await test.step("everything arrives", () => walk.observe(accounts));

  await test.step("every message is there, byte for byte", async () => {
    for (const account of accounts) {
      const { perfect, counters } = await lab.compare(account, { leaveOut: ["Trash", "Junk"] });
      expect(perfect, JSON.stringify(counters)).toBe(true);
    }
  });

  await test.step("the protocol of the main run", async () => {
    const dialog = await walk.protocol(anna);
    await expect(dialog).toContainText("Main run");
    await expect(dialog).toContainText("日本語/受信 箱");
    await dialog.getByRole("button", { name: "Close" }).click();
  });

  await test.step("new mail and a delta", async () => {
    await lab.append(anna, 3);
    await walk.delta();
    await walk.observe(accounts);
    const dialog = await walk.protocol(anna);
    await expect(dialog.getByText("Log 2")).toBeVisible();
    await expect(dialog).toContainText("Delta");
    await dialog.getByRole("button", { name: "Close" }).click();
    const { perfect, counters } = await lab.compare(anna, { leaveOut: ["Trash", "Junk"] });
    expect(perfect, JSON.stringify(counters)).toBe(true);
  });

  await test.step("the status mails came, and their link opens the order in another browser", async () => {
    const mail = await lab.mail("the delta has finished", ({ subject }) => /delta.*finished/i.test(subject));
    expect(mail.envelope_to).toEqual([OWNER]);
    const link = /http:\/\/\S+\/orders\/\S+#token=\S+/.exec(mail.text)?.[0];
    expect(link, mail.text).toBeDefined();
    for (const { subject, text, html } of lab.mails()) {
      expect(`${subject} ${text} ${html}`).not.toContain(lab.state.password);
    }
    const other = await browser.newContext();
    const elsewhere = await other.newPage();
    await elsewhere.goto(link!.split("#")[0]!);
    await expect(elsewhere.getByRole("heading", { name: "This migration cannot be opened" })).toBeVisible();
    await elsewhere.goto("about:blank");
    await elsewhere.goto(link!);
    await expect(elsewhere.getByRole("heading", { name: "Your mail has arrived" })).toBeVisible();
    await other.close();
  });

  expect(looks.length).toBeGreaterThan(8);
  // The browser notes the refused voucher code; nothing else may go wrong but a question about the progress that a busy
  // machine does not answer: it is asked again.
  const [refused, others] = [/status of 422/, /status of 503|net::ERR_/];
  expect(errors.filter((text) => !refused.test(text) && !others.test(text))).toEqual([]);
  expect(errors.filter((text) => refused.test(text)).length).toBeLessThanOrEqual(1);
});
