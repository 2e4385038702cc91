// Five languages, and one that nobody speaks: nothing is hard-coded, nothing overflows.

import type { Page } from "@playwright/test";

import type { Progress } from "../support/api.ts";
import { violations } from "../support/axe.ts";
import { PASSWORD, as } from "../support/console.ts";
import { overflows, untranslated } from "../support/layout.ts";
import { completed, link, open, withAccounts } from "../support/ready.ts";
import { Service } from "../support/service.ts";
import { LANGUAGES, pseudo, speakPseudo, text } from "../support/texts.ts";
import { expect, test } from "./fixtures.ts";

const WIDTHS = [320, 390, 1280];
const STEPS = ["introduction", "providers", "accounts", "confirm", "status"];

/** Waits until nothing is asked any more; a page that asks again and again may never be so far on a slow machine. */
const settled = (page: Page): Promise<void> => page.waitForLoadState("networkidle", { timeout: 10_000 }).catch(() => undefined);

test("the browser's language is spoken, down to the document's own", async ({ browser, service }) => {
  for (const [locale, language] of [["de-AT", "de"], ["nn-NO", "nb"], ["pt-BR", "pt"], ["it", "it"], ["fr-FR", "en"]] as const) {
    const context = await browser.newContext({ locale });
    const page = await context.newPage();
    const loaded: string[] = [];
    page.on("request", (request) => request.url().includes("/texts-") && loaded.push(request.url()));
    await page.goto(service.url);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(text(language, "intro.title"));
    await expect(page.locator("html")).toHaveAttribute("lang", language);
    expect(loaded).toHaveLength(1);
    await context.close();
  }
});

test("switching the language keeps what was typed, is remembered, and is what mails are written in", async ({ page, lab, operator, service }) => {
  const order = await withAccounts(operator, lab, lab.state.accounts.slice(0, 1));
  await open(page, operator, order);
  await page.goto(`${service.url}/orders/${order.id}/accounts`);
  await page.getByRole("tab", { name: text("en", "accounts.tab_add") }).click();
  const source = page.getByRole("group", { name: text("en", "accounts.source_legend") });
  await source.getByLabel(text("en", "accounts.user")).fill("half-typed@old.example");
  await page.getByLabel(text("en", "app.choose_language"), { exact: true }).selectOption("de");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(text("de", "accounts.title"));
  await page.getByRole("tab", { name: text("de", "accounts.tab_add") }).click();
  const again = page.getByRole("group", { name: text("de", "accounts.source_legend") });
  await expect(again.getByLabel(text("de", "accounts.user"))).toHaveValue("half-typed@old.example");
  await expect.poll(async () => (await operator.call<{ language: string }>("GET", `/orders/${order.id}`)).language).toBe("de");
  await page.reload();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(text("de", "accounts.title"));
});

test("numbers, sizes and plurals follow the language", async ({ browser, lab, operator }) => {
  const order = await completed(operator, lab, lab.state.accounts.slice(0, 1));
  const account = lab.state.accounts[0]!;
  const { listed } = (await operator.call<Progress>("GET", `/orders/${order.id}/progress`)).counts;
  const url = await link(operator, order);
  for (const language of LANGUAGES) {
    const context = await browser.newContext({ locale: language === "pt" ? "pt-PT" : language });
    const page = await context.newPage();
    // Chosen before; without a choice the page speaks the language of the order's mails.
    await page.addInitScript((chosen) => localStorage.setItem("mailferry.language", chosen), language);
    await page.goto(url);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(text(language, "status.title_completed"));
    const row = page.getByRole("row").filter({ hasText: account.source_user });
    await expect(row).toContainText(text(language, "status.run_succeeded"));
    const count = new Intl.NumberFormat(language === "pt" ? "pt-PT" : language).format(listed);
    await expect(row).toContainText(text(language, "count.messages.other", { count }));
    expect(await violations(page), language).toEqual([]);
    await context.close();
  }
});

test("terms and privacy statement are whole in every language", async ({ browser, lab }) => {
  const env = { MAILFERRY_OPERATOR: "Harbour Ltd, Quay 1", MAILFERRY_OPERATOR_CONTACT: "help@harbour.example" };
  const service = await Service.start({ lab, env });
  for (const language of LANGUAGES) {
    const context = await browser.newContext({ locale: language });
    const page = await context.newPage();
    await page.goto(service.url);
    for (const [link, path] of [["intro.terms_title", "/terms"], ["legal.privacy_title", "/privacy"]] as const) {
      await page.getByRole("contentinfo").getByRole("link", { name: text(language, link) }).click();
      await page.waitForURL(service.url + path);
      // And one over the list of what they hold.
      await expect(page.getByRole("heading", { level: 2 })).toHaveCount(8);
      // Which leads to each of them, by its name.
      const list = page.getByRole("navigation", { name: text(language, "legal.contents") }).getByRole("link");
      const parts = page.getByRole("article").getByRole("heading", { level: 2 });
      await expect(list).toHaveText(await parts.allInnerTexts());
      await list.last().click();
      await expect(parts.last()).toBeInViewport();
      const words = await page.locator("main").innerText();
      for (const word of ["Harbour Ltd, Quay 1", "help@harbour.example"]) expect(words).toContain(word);
      expect(words).not.toContain("{{");
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        expect.soft(await overflows(page), `${path} in ${language} at ${width} pixels`).toEqual([]);
      }
    }
    if (language === "en") expect(await violations(page)).toEqual([]);
    await context.close();
  }
  await service.stop();
});

/** What is shown now is translated, and fits at every width. */
async function speaksPseudo(page: Page, name: string): Promise<void> {
  expect.soft(await untranslated(page), `${name}: not translated`).toEqual([]);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    expect.soft(await overflows(page), `${name} at ${width} pixels`).toEqual([]);
  }
}

test("in a language that nobody speaks nothing is hard-coded and nothing overflows", async ({ browser, lab, operator, service }) => {
  test.setTimeout(240_000);
  const accounts = lab.state.accounts.slice(3, 5);
  const draft = await withAccounts(operator, lab, accounts, true);
  const done = await completed(operator, lab, lab.state.accounts.slice(5, 6));
  const context = await browser.newContext({ locale: "en-US" });
  await speakPseudo(context);
  const page = await context.newPage();
  const look = (name: string) => speaksPseudo(page, name);
  await page.goto(service.url);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(pseudo(text("en", "intro.title")));
  await page.locator("button[type=submit]").click();
  await look("start page with errors");
  await page.goto(`${service.url}/nothing/here`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(pseudo(text("en", "lost.title")));
  await look("nothing there");
  for (const order of [draft, done]) {
    await open(page, operator, order);
    for (const step of STEPS) {
      await page.goto(`${service.url}/orders/${order.id}/${step}`);
      await expect(page.getByRole("heading", { level: 1 })).toContainText("⟦");
      await settled(page);
      await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
      await look(`${order === draft ? "draft" : "completed"}, ${step}`);
      if (step === "accounts" && order === draft) {
        for (const tab of [1, 2]) {
          await page.getByRole("tab").nth(tab).click();
          if (tab === 1) await page.locator("form button[type=submit]:visible").first().click();
          await look(`accounts, tab ${tab}`);
        }
      }
    }
  }
  await page.locator(".actions-bar button").first().click();
  await look("a question");
  await page.keyboard.press("Escape");
  await page.locator("tr .table-actions").first().getByRole("button").last().click();
  await expect(page.locator("dialog[open] table").first()).toBeVisible();
  await look("protocol");
  await context.close();
});

test("nor is anything hard-coded in the console or in what asks the operator, on any of their pages", async ({ browser, lab, operator, service }) => {
  test.setTimeout(240_000);
  const context = await browser.newContext({ locale: "en-US" });
  await speakPseudo(context);
  const page = await context.newPage();
  const look = (name: string) => speaksPseudo(page, name);
  const submit = () => page.locator("form button[type=submit]:visible").last().click();

  await page.goto(`${service.url}/request`);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("⟦");
  await page.locator("#wished-start").fill("2020-01-01T10:00");
  await submit();
  await look("the form that asks the operator");
  const { source_user, destination_user } = lab.state.accounts[0]!;
  const { host, password } = lab.state;
  const content = `${host};${source_user};${password};${host};${destination_user};${password};;`;
  const sent = await operator.call<{ request: { id: string }; order: { id: string; manage_url: string } }>("POST", "/requests", {
    accepted_terms: await operator.termsVersion(),
    accounts: { content },
    wished_start: new Date(Date.now() + 72 * 3_600_000).toISOString(),
    contact_address: "pseudo@requests.example",
    note: "42",
  });
  await page.goto(sent.order.manage_url);
  await page.waitForURL(/\/request$/);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("⟦");
  await look("a request");
  await page.locator("main .button-danger").first().click();
  await look("the question whether to cancel a request");

  await page.goto(`${service.url}/console/password`);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("⟦");
  await look("a password that was forgotten");
  await page.goto(`${service.url}/console`);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("⟦");
  await submit();
  await expect(page.locator(".notice-error")).toBeVisible();
  await look("sign-in with an error");
  const mail = `pseudo-${Date.now()}@service.example`;
  await operator.call("POST", "/members", { name: "Pseudo", mail, role: "admin", password: PASSWORD });
  await page.locator("#sign-in-mail").fill(mail);
  await page.locator("#sign-in-password").fill(PASSWORD);
  await submit();
  await expect(page.locator(".side")).toBeVisible();
  const url = "https://hooks.pseudo.example/hook";
  await as(page, service.url, "/webhooks", { url, events: ["order.deleted"] });
  await as(page, service.url, "/links", { name: "Pseudo", prepaid_pairs: 1, once: true });
  await as(page, service.url, "/api-keys", { name: "Pseudo", scopes: ["orders:read"], sandbox: true });
  await as(page, service.url, "/vouchers", { pairs: 1, trial_only: true });
  for (const part of ["migrations", "new", "requests", "vouchers", "links", "webhooks", "members", "keys", "tenants", "profile"]) {
    await page.goto(`${service.url}/console/${part}`);
    await expect(page.getByRole("heading", { level: 1 })).toContainText("⟦");
    await settled(page);
    await look(`console, ${part}`);
    // A button: a link leads to another page.
    const create = page.locator(".row-between .row > button.button-primary");
    if ((await create.count()) === 0) continue;
    await create.click();
    await expect(page.locator("dialog[open]")).toBeVisible();
    await look(`console, ${part}: the form`);
    await page.keyboard.press("Escape");
  }
  const { terms_version } = await operator.call<{ terms_version: string }>("GET", "/service");
  const order = await as<{ id: string }>(page, service.url, "/orders", { accepted_terms: terms_version });
  await page.goto(`${service.url}/console/migrations/${order.id}`);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("⟦");
  await settled(page);
  await look("console, a migration");
  await page.goto(`${service.url}/console/requests/${sent.request.id}`);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("⟦");
  await settled(page);
  await look("a request on the operator's desk");
  await page.locator("main .button-danger").first().click();
  await look("declining a request");
  await page.keyboard.press("Escape");
  const answer = page.locator("main .row > .button-primary");
  await answer.click();
  await look("accepting a request");
  await page.locator("dialog[open] .button-primary").click();
  await expect(page.locator("dialog[open]")).toBeHidden();
  // First the accounts are to be checked, which leads elsewhere; one may start it all the same.
  await page.locator("main .row > button:not(.button-danger)").click();
  await expect(page.locator("dialog[open]")).toBeVisible();
  await look("starting a request");
  await context.close();
});
