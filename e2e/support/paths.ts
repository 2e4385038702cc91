// Where things are.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
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

/** A new temporary folder. It is removed at our end, unless we fail: then what lies in it may tell why. */
export function workFolder(purpose: string): string {
  const folder = mkdtempSync(join(tmpdir(), `mailferry-${purpose}-`));
  process.on("exit", (code) => {
    if (code === 0 || code === 130) rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Debian's Chromium, unless CHROMIUM names another. */
export const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
