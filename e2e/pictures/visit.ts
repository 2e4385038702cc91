// What every chapter of pictures has: the servers behind, and a look at the page in one language.

import { join } from "node:path";

import type { Page } from "@playwright/test";

import type { Api, Order } from "../support/api.ts";
import type { Hook } from "../support/console.ts";
import type { Lab } from "../support/lab.ts";
import type { SlowLine } from "../support/line.ts";
import { root } from "../support/paths.ts";
import type { PayPal } from "../support/paypal.ts";
import { link } from "../support/ready.ts";
import type { Service } from "../support/service.ts";
import { type Language, text } from "../support/texts.ts";

/** Where the pictures go. */
export const folder = join(root, "e2e/screenshots");
/** The password of every member. */
export const PASSWORD = "a long enough password";
const WIDTHS = [1280, 390];
/** Long enough for what is asked of the service to have come. */
export const REST_MS = 500;

export interface World {
  lab: Lab;
  service: Service;
  operator: Api;
  /** Passes slowly to the source. */
  line: SlowLine;
  paypal: PayPal;
  /** A reseller's server for webhooks. */
  hook: Hook;
  /** Its link has expired. */
  over: Order;
}

/** One look at the pages in one language. */
export class Visit {
  /** Taken so far, by all. */
  static pictures = 0;

  readonly page: Page;
  readonly world: World;
  readonly language: Language;
  readonly #chapter: string;
  readonly #schemes: ("light" | "dark")[];
  #number = 0;

  constructor(page: Page, world: World, language: Language, chapter: string) {
    this.page = page;
    this.world = world;
    this.language = language;
    this.#chapter = chapter;
    this.#schemes = chapter === "languages" ? ["light"] : ["light", "dark"];
  }

  /** A text of the page. */
  say(key: string, values: Record<string, string> = {}): string {
    return text(this.language, key, values);
  }

  button(key: string, values: Record<string, string> = {}) {
    return this.page.getByRole("button", { name: this.say(key, values), exact: true });
  }

  async go(path: string): Promise<void> {
    await this.page.goto("about:blank");
    await this.page.goto(path.startsWith("http") ? path : this.world.service.url + path);
    await this.page.getByRole("heading", { level: 1 }).waitFor();
    await this.page.waitForTimeout(REST_MS);
  }

  /** A step of an order, opened by its link. */
  async order(order: Order, step: string): Promise<void> {
    // An order of the sandbox is behind a wall: it brings its own link.
    await this.go(order.manage_url ?? (await link(this.world.operator, order)));
    await this.page.waitForURL(/\/orders\/[^/]+\/[a-z]+$/);
    await this.go(`/orders/${order.id}/${step}`);
  }

  /** Takes what is shown now, at `widths`. */
  async shoot(name: string, widths: number[] = WIDTHS): Promise<void> {
    this.#number += 1;
    // Where the pointer rests a row is marked.
    await this.page.mouse.move(0, 0);
    const stem = `${this.#chapter}-${String(this.#number).padStart(2, "0")}-${name}-${this.language}`;
    for (const width of widths) {
      for (const colorScheme of this.#schemes) {
        await this.page.setViewportSize({ width, height: 900 });
        await this.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        // A dialog stands in the window; what sticks to the window has no place on the page.
        const isDialog = (await this.page.locator("dialog[open]").count()) > 0;
        const path = join(folder, `${stem}-${width}-${colorScheme}.png`);
        await this.page.evaluate(() => {
          scrollTo(0, 0);
          for (const sticky of document.querySelectorAll<HTMLElement>(".to-start")) sticky.style.display = "none";
          for (const sticky of document.querySelectorAll<HTMLElement>(".pay-here")) sticky.style.position = "static";
        });
        await this.page.screenshot({ path, fullPage: !isDialog });
        Visit.pictures += 1;
      }
    }
    await this.page.setViewportSize({ width: 1280, height: 900 });
    await this.page.emulateMedia({ colorScheme: "light" });
  }
}
