// What stands behind the pictures: mail servers, the service, PayPal's double, and a browser for each language.

import { join } from "node:path";

import { type Browser, chromium as browserType } from "@playwright/test";

import { Api, type Order } from "../support/api.ts";
import { run, until } from "../support/child.ts";
import { Hook } from "../support/console.ts";
import { Lab } from "../support/lab.ts";
import { SlowLine } from "../support/line.ts";
import { chromium, root } from "../support/paths.ts";
import { PayPal } from "../support/paypal.ts";
import { completed, link } from "../support/ready.ts";
import { Service } from "../support/service.ts";
import type { Language } from "../support/texts.ts";
import type { World } from "./visit.ts";

/** Runs `pictures` with a service and servers that are ended afterwards. */
export async function withWorld(pictures: (world: World) => Promise<void>): Promise<void> {
  // Large enough that there is time for pictures while it runs.
  const lab = await Lab.start({ sample: "6000", accounts: 5 });
  const paypal = await PayPal.start();
  const hook = await Hook.start(lab);
  const names = { MAILFERRY_OPERATOR: "Harbour Hosting Ltd, Quay 1, 5003 Bergen", MAILFERRY_OPERATOR_CONTACT: "help@harbour.example" };
  const service = await Service.start({ lab, openPorts: [paypal.port, hook.port], env: { ...paypal.settings, ...names, MAILFERRY_RATE_FACTOR: "100" } });
  const line = await SlowLine.start(lab.state.closed_port, lab.state.source.imaps_port);
  try {
    const operator = new Api(service.url, await service.operatorKey());
    const over = await expired(operator, lab, service);
    const price = { currency: "EUR", pair_minor: 1490, tax_name: "VAT", tax_basis_points: 1900, tax_included: true };
    await operator.call("PUT", "/price", price);
    await pictures({ lab, service, operator, line, paypal, hook, over });
  } finally {
    line.stop();
    paypal.stop();
    await service.stop();
    await hook.stop();
    await lab.stop();
  }
}

/** An order whose link has expired and that was closed: its time is put back, for nobody waits two weeks for a picture. */
async function expired(operator: Api, lab: Lab, service: Service): Promise<Order> {
  const order = await completed(operator, lab, lab.state.accounts.slice(4, 5));
  const script = "import sqlite3, sys, time; db = sqlite3.connect(sys.argv[1], 30); db.execute('UPDATE orders SET expires_at = ? WHERE id = ?', (int(time.time() * 1e6) - 3_600_000_000, sys.argv[2])); db.commit()";
  const url = await link(operator, order);
  const { code, stderr } = await run("python3", ["-c", script, join(service.dir, "mailferry.sqlite"), order.id]);
  if (code !== 0) throw new Error(stderr);
  await until("the order is closed", 180, async () => {
    const { state } = await operator.call<Order>("GET", `/orders/${order.id}`);
    return state === "closed" ? true : undefined;
  });
  return { ...order, manage_url: url };
}

/** Of each language the habits of a region. */
const TAGS = { en: "en-GB", de: "de", nb: "nb", pt: "pt-PT", it: "it" } as const;

/** A Chromium that speaks every language of the page, where one can be had: else dates stand as Americans write them. */
async function polyglot(): Promise<string> {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const { code, stderr } = await run("bash", [join(root, "e2e/pictures/languages.sh")]);
  if (code === 0) return join(root, "e2e/.chromium/chromium");
  process.stdout.write(`the browser's other languages cannot be had: ${stderr}\n`);
  return chromium;
}

/** Browsers that speak a language themselves: fields for dates follow the browser's language, not the page's. */
export class Browsers {
  readonly #path = polyglot();
  readonly #running = new Map<Language, Browser>();

  /** A page in `language`, in a context of its own. */
  async page(language: Language) {
    const tag = TAGS[language];
    const env = { ...process.env, LANGUAGE: tag.replace("-", "_"), LANG: `${tag.replace("-", "_")}.UTF-8` };
    const options = { executablePath: await this.#path, args: ["--no-sandbox", `--lang=${tag}`], env };
    const browser = this.#running.get(language) ?? (await browserType.launch(options));
    this.#running.set(language, browser);
    const context = await browser.newContext({ locale: tag, timezoneId: "Europe/Berlin" });
    await context.addInitScript((chosen) => localStorage.setItem("mailferry.language", chosen), language);
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    return page;
  }

  async close(): Promise<void> {
    for (const browser of this.#running.values()) await browser.close();
  }
}
