// What does not fit, and what is not translated.

import type { Page } from "@playwright/test";

/** Elements that are wider than what holds them, in words; empty if the page fits. Scrollable regions may be wider. */
export async function overflows(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > width) {
      found.push(`the page is ${document.documentElement.scrollWidth - width} pixels too wide`);
    }
    const name = (element: Element) => {
      const words = (element.textContent ?? "").trim().slice(0, 40);
      return `${element.tagName.toLowerCase()}.${[...element.classList].join(".")} “${words}”`;
    };
    for (const element of document.querySelectorAll<HTMLElement>("body *")) {
      if (!element.checkVisibility() || element.closest(".table-scroll, .visually-hidden, .truncate, svg, select")) continue;
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      // What can be scrolled sideways, or is hidden from sight for screen readers alone, need not fit.
      let holder = element.parentElement;
      while (holder && !/auto|scroll/.test(getComputedStyle(holder).overflowX) && getComputedStyle(holder).clipPath === "none") {
        holder = holder.parentElement;
      }
      if (holder && holder !== document.documentElement && holder !== document.body) continue;
      if (box.width === 0 || style.position === "absolute") continue;
      if (box.right > width + 1 || box.left < -1) found.push(`${name(element)} leaves the page`);
      const isCut = element.scrollWidth > element.clientWidth + 1 && style.overflowX !== "visible" && style.overflowX !== "auto";
      if (isCut && element.clientWidth > 0 && !(element instanceof HTMLInputElement)) found.push(`${name(element)} is cut off`);
    }
    return found.slice(0, 8);
  });
}

/** Targets of pointers smaller than 24 × 24 pixels (WCAG 2.2, 2.5.8), except links within a sentence. */
export async function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const targets = document.querySelectorAll<HTMLElement>("button, a[href], input, select, textarea, summary, [role=tab]");
    const small: string[] = [];
    for (const element of targets) {
      if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      if (element.closest(".visually-hidden, p a") || element.matches("p a, .skip-link")) continue;
      // A box that is drawn by its label is as large as the label.
      const target = element instanceof HTMLInputElement ? (element.closest("label") ?? element) : element;
      const { width, height } = target.getBoundingClientRect();
      if (width > 1 && (width < 24 || height < 24)) {
        small.push(`${element.tagName.toLowerCase()}.${[...element.classList].join(".")} ${width}×${height}`);
      }
    }
    return small;
  });
}

/** Visible texts and labels that did not come from the table of texts; `isData` tells names, numbers and dates. */
export async function untranslated(page: Page): Promise<string[]> {
  const texts = await page.evaluate(() => {
    const found: string[] = [];
    const isOwn = (element: Element | null) =>
      element?.closest("code, .mono, .account-name, .brand, option[lang], .option, .voyage-ends, textarea, [data-data]");
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (!element || isOwn(element) || element.closest("script, style, noscript")) continue;
      if (element.checkVisibility() || element.closest(".visually-hidden")) found.push(node.textContent ?? "");
    }
    for (const element of document.querySelectorAll("[aria-label], [placeholder], [title], [alt]")) {
      for (const attribute of ["aria-label", "placeholder", "title", "alt"]) {
        if (!isOwn(element)) found.push(element.getAttribute(attribute) ?? "");
      }
    }
    found.push(document.title);
    return found.map((text) => text.trim()).filter((text) => text !== "");
  });
  return [...new Set(texts.filter((text) => !/[⟦⟧]/.test(text) && !isData(text)))];
}

const DATA = [
  /^[\d\s.,:%()–→·×+−/-]*$/,
  /^[\d.,]+\s?(bytes?|kB|MB|GB|TB)$/,
  /^[A-Z][a-z]{2}\s\d+(,\s\d{4})?,\s\d+:\d\d\s[AP]M$/,
  // How an address begins.
  /^https:\/\/$/,
  // Names: of hosts, accounts, providers, and of the product. A word alone is none.
  /^(→ )?(?=.*[@.:\d*])[\w.+*-]+(@[\w.-]+)?(:\d+)?$/,
  /^[A-Z\d]{2,}$/,
  // And those that the lab and the tests give.
  /^(localhost|Mailferry|[Oo]perator|Pseudo|Harbour master)$/,
  /^[\w.+-]+@[\w.-]+ → [\w.+-]+@[\w.-]+$/,
];

function isData(text: string): boolean {
  return DATA.some((pattern) => pattern.test(text));
}
