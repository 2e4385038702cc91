// Somebody without a pointer.

import { type Locator, type Page, expect } from "@playwright/test";

/** Most presses of Tab from one control to the next that is wanted. */
const PATIENCE = 60;

export class Keyboard {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Tabs on until `target` has the focus; fails where it cannot be reached, or where the focus is not seen. */
  async to(target: Locator): Promise<void> {
    await expect(target).toBeVisible();
    for (let pressed = 0; pressed < PATIENCE; pressed += 1) {
      if (await target.evaluate((element) => element === document.activeElement)) return this.#seen(target);
      await this.#page.keyboard.press("Tab");
    }
    throw new Error(`${target} is not reached with ${PATIENCE} presses of Tab`);
  }

  async #seen(target: Locator): Promise<void> {
    const outline = await target.evaluate((element) => {
      const drawn = element.matches("input[type=checkbox], input[type=radio], input[type=file]")
        ? (element.closest("label") ?? element)
        : element;
      const styles = [element, drawn].map((it) => getComputedStyle(it));
      return styles.some((style) => style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 2);
    });
    expect(outline, `${target} shows that it has the focus`).toBe(true);
  }

  async press(key: string): Promise<void> {
    await this.#page.keyboard.press(key);
  }

  /** Goes to a field and types over what is in it. */
  async fill(field: Locator, text: string): Promise<void> {
    await this.to(field);
    await this.press("ControlOrMeta+a");
    await this.#page.keyboard.type(text);
  }

  /** Goes to a button or link and presses it. */
  async push(button: Locator): Promise<void> {
    await this.to(button);
    await this.press("Enter");
  }

  async tick(box: Locator): Promise<void> {
    await this.to(box);
    await this.press("Space");
    await expect(box).toBeChecked();
  }
}
