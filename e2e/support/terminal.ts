// Words and numbers for the terminal.

import type { Counts, Progress } from "./api.ts";

const live = process.stdout.isTTY === true;
let pending = false;
let last = "";

/** A line that stays. */
export function say(text = ""): void {
  if (pending) process.stdout.write("\r\x1b[2K");
  pending = false;
  process.stdout.write(`${text}\n`);
}

/** A line that the next one replaces on a terminal; elsewhere it stays, unless it says nothing new. */
export function sayLive(text: string): void {
  if (text === last) return;
  last = text;
  if (!live) return say(text);
  process.stdout.write(`\r\x1b[2K${text}`);
  pending = true;
}

export function bytes(count: number): string {
  const units = ["bytes", "kB", "MB", "GB"];
  let unit = 0;
  while (count >= 1000 && unit < units.length - 1) {
    count /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? count : count.toFixed(1)} ${units[unit]}`;
}

/** Messages that have an outcome. */
export function done(counts: Counts): number {
  return counts.stored + counts.present + counts.skipped + counts.failed + counts.uncertain;
}

export function progressLine(progress: Progress): string {
  const { counts } = progress;
  const percent = counts.listed === 0 ? 0 : Math.floor((100 * done(counts)) / counts.listed);
  const rate = progress.messages_per_second ? `, ${progress.messages_per_second} messages/s` : "";
  const amount = `${done(counts)} of ${counts.listed} messages, ${bytes(counts.stored_bytes)} copied${rate}`;
  return `  ${progress.state.padEnd(10)} ${String(percent).padStart(3)} %  ${amount}`;
}

/** A table with a rule below its first row; numbers stand to the right. */
export function table(rows: (string | number)[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => String(row[column] ?? "").length)));
  const cell = (value: string | number | undefined, column: number): string => {
    const width = widths[column] ?? 0;
    return typeof value === "number" ? String(value).padStart(width) : String(value ?? "").padEnd(width);
  };
  const lines = rows.map((row) => `  ${widths.map((_, column) => cell(row[column], column)).join("  ")}`.trimEnd());
  lines.splice(1, 0, `  ${widths.map((width) => "─".repeat(width)).join("──")}`);
  return lines.join("\n");
}
