// `make screenshots`: every step of the page at 1280 and 390 pixels, light and dark, into e2e/screenshots.

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { chromium as browserType } from "@playwright/test";

import { Api } from "./support/api.ts";
import { endWithSignals } from "./support/child.ts";
import { Lab } from "./support/lab.ts";
import { chromium, root } from "./support/paths.ts";
import { Service } from "./support/service.ts";
import { Walk } from "./support/walk.ts";

const folder = join(root, "e2e/screenshots");
const WIDTHS = [1280, 390];

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  // Large enough that there is time for pictures while it runs.
  const lab = await Lab.start({ sample: "30000", accounts: 4 });
  const service = await Service.start({ lab });
  const browser = await browserType.launch({ executablePath: chromium, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(15_000);
    const operator = new Api(service.url, await service.operatorKey());
    let number = 0;
    const look = async (name: string): Promise<void> => {
      number += 1;
      for (const width of WIDTHS) {
        for (const colorScheme of ["light", "dark"] as const) {
          await page.setViewportSize({ width, height: 900 });
          await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
          const file = `${String(number).padStart(2, "0")}-${name}-${width}-${colorScheme}.png`;
          await page.screenshot({ path: join(folder, file), fullPage: true });
        }
      }
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.emulateMedia({ colorScheme: "light" });
      process.stdout.write(`${name}\n`);
    };
    const walk = new Walk({ page, url: service.url, lab, look, voucher: (pairs) => operator.voucher(pairs) });
    const accounts = lab.state.accounts;
    await walk.introduction();
    await walk.providers();
    await walk.addAccount(accounts[0]!, lab.state.password);
    await walk.addAccount(accounts[1]!, "wrong");
    await walk.addFile(accounts.slice(2));
    await walk.overview(accounts, accounts[1]!);
    await walk.correct(accounts[1]!);
    await walk.confirm(accounts.length);
    await walk.observe(accounts);
    await (await walk.protocol(accounts[0]!)).getByRole("button", { name: "Close" }).click();
    await walk.delta();
    process.stdout.write(`${number * 4} pictures in ${folder}\n`);
  } finally {
    await browser.close();
    await service.stop();
    await lab.stop();
  }
}

endWithSignals();
await main();
