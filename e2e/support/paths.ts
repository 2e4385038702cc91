// Where things are.

import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** The folder that the build wrote its programs to. */
const programs = process.env.MAILFERRY_BIN ?? join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug");

/** Path of one of our programs. */
export function program(name: "mailferry" | "lab"): string {
  const path = join(programs, name);
  if (!existsSync(path)) throw new Error(`${path} is not built; run \`make build lab\``);
  return path;
}

/** A new folder for what a run leaves behind. */
export function workFolder(purpose: string): string {
  return mkdtempSync(join(tmpdir(), `mailferry-${purpose}-`));
}

/** Debian's Chromium, unless CHROMIUM names another. */
export const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
