// How heavy the first load is, and how it is served.

import { expect, test } from "./fixtures.ts";

/** WebAssembly, scripts and style together, compressed; headers, shell and texts of one language come on top. */
const BUDGET_BYTES = 350_000;

const PAGES = [["start page", "/"], ["wizard", "/orders/00000000-0000-0000-0000-000000000001/confirm"], ["status page", "/orders/00000000-0000-0000-0000-000000000001"], ["request", "/request"], ["console", "/console"], ["migration in the console", "/console/migrations/00000000-0000-0000-0000-000000000001"]] as const;

for (const [name, path] of PAGES) {
  test(`the first load of the ${name} is at most ${BUDGET_BYTES / 1000} kB`, async ({ page, service }) => {
    const sizes = new Map<string, number>();
    const session = await page.context().newCDPSession(page);
    const urls = new Map<string, string>();
    await session.send("Network.enable");
    session.on("Network.responseReceived", ({ requestId, response }) => urls.set(requestId, response.url));
    session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      const url = urls.get(requestId) ?? "";
      if (!url.includes("/api/")) sizes.set(url.replace(service.url, ""), encodedDataLength);
    });
    await page.goto(service.url + path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await page.waitForLoadState("networkidle");
    const sum = (wanted: RegExp) => [...sizes].reduce((sum, [url, size]) => (wanted.test(url) ? sum + size : sum), 0);
    const code = /\.(wasm|js|css)$/;
    const bodies = await page.evaluate(() => (performance.getEntriesByType("resource") as PerformanceResourceTiming[]).map(({ name, encodedBodySize }) => [name, encodedBodySize] as const));
    const total = bodies.reduce((sum, [url, size]) => (code.test(url) ? sum + size : sum), 0);
    console.log(`${name}: ${total} bytes of WebAssembly, scripts and style, ${sum(code)} with headers, ${sum(/./)} with shell and texts`);
    expect(bodies.filter(([url]) => code.test(url))).toHaveLength([...sizes.keys()].filter((url) => code.test(url)).length);
    expect([...sizes.keys()].filter((url) => url.includes(".wasm"))).toHaveLength(1);
    expect(total).toBeLessThanOrEqual(BUDGET_BYTES);
  });
}

test("assets are compressed and kept for ever, the shell never", async ({ service }) => {
  const shell = await fetch(service.url, { headers: { "accept-encoding": "br" } });
  expect(shell.headers.get("cache-control")).toBe("no-store");
  const assets = [...(await shell.text()).matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path]) => path!);
  expect(assets.length).toBeGreaterThan(8);
  for (const path of assets) {
    const answer = await fetch(service.url + path, { headers: { "accept-encoding": "br" } });
    expect(answer.headers.get("cache-control"), path).toContain("immutable");
    expect(answer.headers.get("content-encoding"), path).toBe("br");
    expect(path).toMatch(/-[0-9a-f]{16}\.\w+$/);
    await answer.arrayBuffer();
  }
});

test("something is painted before the module is there", async ({ page, service }) => {
  await page.route("**/*.wasm", () => {});
  await page.goto(service.url, { waitUntil: "commit" });
  await expect(page.getByText("Mailferry", { exact: true }).first()).toBeVisible();
  await expect(page.locator(".skeleton").first()).toBeVisible();
  const ground = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  expect(ground).not.toBe("rgba(0, 0, 0, 0)");
});

test("without the module the page says what to do, in the browser's language", async ({ browser, service }) => {
  const context = await browser.newContext({ locale: "de-DE" });
  const page = await context.newPage();
  await page.route("**/*.wasm", (route) => route.abort());
  await page.goto(service.url);
  await expect(page.getByRole("alert")).toHaveText(/Mailferry konnte nicht geladen werden/);
  await context.close();
});

