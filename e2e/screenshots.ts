// `make screenshots`: every page and state at 1280 and 390 pixels, light and dark, in English and German, and the main
// ones in the other languages, into e2e/screenshots. `SCREENSHOTS="status wizard" make screenshots` takes some chapters.

import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { console as console_ } from "./pictures/console.ts";
import { languages } from "./pictures/languages.ts";
import { pay } from "./pictures/pay.ts";
import { requests } from "./pictures/requests.ts";
import { start } from "./pictures/start.ts";
import { status } from "./pictures/status.ts";
import { Visit, folder } from "./pictures/visit.ts";
import { wizard } from "./pictures/wizard.ts";
import { Browsers, withWorld } from "./pictures/world.ts";
import { endWithSignals } from "./support/child.ts";

const LANGUAGES = ["en", "de"] as const;
/** Of these the main pages alone, in light. */
const OTHERS = ["nb", "pt", "it"] as const;

const CHAPTERS = { start, wizard, pay, status, console: console_, requests, languages };

async function main(): Promise<void> {
  const wanted = (process.env.SCREENSHOTS ?? Object.keys(CHAPTERS).join(" ")).split(" ");
  mkdirSync(folder, { recursive: true });
  // Of other chapters the pictures stay.
  const old = readdirSync(folder).filter((file) => wanted.some((name) => file.startsWith(`${name}-`)));
  for (const file of old) rmSync(join(folder, file));
  const browsers = new Browsers();
  await withWorld(async (world) => {
    for (const [name, chapter] of Object.entries(CHAPTERS).filter(([name]) => wanted.includes(name))) {
      for (const language of name === "languages" ? OTHERS : LANGUAGES) {
        const page = await browsers.page(language);
        await chapter(new Visit(page, world, language, name));
        await page.context().close();
        process.stdout.write(`${name} in ${language}\n`);
      }
    }
  }).finally(() => browsers.close());
  process.stdout.write(`${Visit.pictures} pictures in ${folder}\n`);
}

endWithSignals();
await main();
