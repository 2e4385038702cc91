// `make lighthouse`: Lighthouse's scores of the start page, headless, the median of some runs; fails below 95.

import { chromium as browserType } from "@playwright/test";
import lighthouse from "lighthouse";

import { endWithSignals } from "../support/child.ts";
import { Lab } from "../support/lab.ts";
import { chromium } from "../support/paths.ts";
import { Service, freePort } from "../support/service.ts";

const RUNS = 5;
const WANTED = 95;
const CATEGORIES = ["performance", "accessibility", "best-practices"];

async function main(): Promise<void> {
  const lab = await Lab.start({ accounts: 1 });
  const service = await Service.start({ lab });
  const port = await freePort();
  const args = ["--no-sandbox", `--remote-debugging-port=${port}`];
  const browser = await browserType.launch({ executablePath: chromium, args });
  const scores = new Map<string, number[]>(CATEGORIES.map((category) => [category, []]));
  try {
    for (let run = 0; run < RUNS; run += 1) {
      const result = await lighthouse(`${service.url}/`, { port, onlyCategories: CATEGORIES, logLevel: "error" });
      if (!result) throw new Error("Lighthouse gave no result");
      for (const [category, all] of scores) all.push((result.lhr.categories[category]?.score ?? 0) * 100);
      const audits = ["first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "speed-index", "total-byte-weight"];
      const shown = audits.map((audit) => `${audit} ${result.lhr.audits[audit]?.displayValue ?? "?"}`);
      process.stdout.write(`run ${run + 1}: ${shown.join(", ")}\n`);
      for (const audit of Object.values(result.lhr.audits)) {
        if (run === 0 && audit.score !== null && audit.score < 0.9) process.stdout.write(`  ${audit.id}: ${audit.score}\n`);
      }
    }
  } finally {
    await browser.close();
    await service.stop();
    await lab.stop();
  }
  let failed = false;
  for (const [category, all] of scores) {
    const median = all.toSorted((a, b) => a - b)[Math.floor(RUNS / 2)]!;
    process.stdout.write(`${category}: ${median} (${all.join(", ")})\n`);
    failed ||= median < WANTED;
  }
  if (failed) throw new Error(`a score is below ${WANTED}`);
}

endWithSignals();
await main();
