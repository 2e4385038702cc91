// The page's texts by key and language, and a language that nobody speaks: it shows what is not translated and what
// has no room for longer words.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { BrowserContext } from "@playwright/test";

import { root } from "./paths.ts";

export const LANGUAGES = ["en", "de", "nb", "pt", "it"] as const;
export type Language = (typeof LANGUAGES)[number];

type Table = { [key: string]: string | Table };
const tables = new Map<Language, Table>();

function table(language: Language): Table {
  const known = tables.get(language);
  if (known) return known;
  const file = join(root, `frontend/locales/${language}.json`);
  const read = JSON.parse(readFileSync(file, "utf8")) as Table;
  tables.set(language, read);
  return read;
}

/** The text of a key, filled in. */
export function text(language: Language, key: string, values: Record<string, string> = {}): string {
  let found: string | Table | undefined = table(language);
  for (const part of key.split(".")) found = typeof found === "object" ? found[part] : undefined;
  if (typeof found !== "string") throw new Error(`${language}.json has no text ${key}`);
  return found.replaceAll(/\{\{ *(\w+) *\}\}/g, (whole, name: string) => values[name] ?? whole);
}

const ACCENTS: Record<string, string> = { a: "å", e: "é", i: "ï", o: "ö", u: "ü", n: "ñ", c: "ç", s: "š", y: "ÿ", A: "Å", E: "É", O: "Ö", U: "Ü", S: "Š" };

/** `text` with accents, 40 % longer, in brackets that tell it from what is not translated; `{{ names }}` stay. */
export function pseudo(english: string): string {
  // A name stays what it is.
  if (english === "" || english === "Mailferry") return english;
  const parts = english.split(/(\{\{.*?\}\})/);
  const accented = parts.map((part) => (part.startsWith("{{") ? part : part.replaceAll(/[a-zA-Z]/g, (c) => ACCENTS[c] ?? c)));
  const length = parts.filter((part) => !part.startsWith("{{")).join("").length;
  const extra = Math.ceil(length * 0.4);
  // Words, not one long one: real languages break their lines too.
  const padding = "~ ipsum dolor amet ".repeat(extra).slice(0, extra).trimEnd();
  return `⟦${accented.join("")}${padding}⟧`;
}

/** Lets pages of `context` load the texts that nobody speaks in the place of the English ones. */
export async function speakPseudo(context: BrowserContext): Promise<void> {
  await context.route("**/assets/texts-en-*.txt", async (route) => {
    const answer = await route.fetch();
    const lines = (await answer.text()).split("\n").map(pseudo);
    await route.fulfill({ status: 200, contentType: "text/plain; charset=utf-8", body: lines.join("\n") });
  });
}
