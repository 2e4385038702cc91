// What every browser test gets: a lab and a service, started once for a file, and an API client of the operator.

import { test as base } from "@playwright/test";

import { Api } from "../support/api.ts";
import { Lab } from "../support/lab.ts";
import { Service } from "../support/service.ts";

interface Shared {
  lab: Lab;
  service: Service;
  operator: Api;
}

export const test = base.extend<{ serviceLog: void }, Shared>({
  // What the service logged belongs to a failure's report.
  serviceLog: [
    async ({ service }, use, testInfo) => {
      await use();
      if (testInfo.status !== testInfo.expectedStatus) await testInfo.attach("service.log", { path: service.log });
    },
    { auto: true },
  ],
  lab: [
    async ({}, use) => {
      const lab = await Lab.start({ accounts: 6 });
      await use(lab);
      await lab.stop();
    },
    { scope: "worker", timeout: 180_000 },
  ],
  service: [
    async ({ lab }, use) => {
      const service = await Service.start({ lab });
      await use(service);
      await service.stop();
    },
    { scope: "worker", timeout: 180_000 },
  ],
  operator: [
    async ({ service }, use) => {
      await use(new Api(service.url, await service.operatorKey()));
    },
    { scope: "worker" },
  ],
});

export { expect } from "@playwright/test";
