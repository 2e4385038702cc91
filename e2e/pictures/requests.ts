// The form by which the operator is asked, where a request stands, and the operator's desk.

import type { LabAccount } from "../support/lab.ts";
import { PASSWORD, type Visit } from "./visit.ts";

export async function requests(visit: Visit): Promise<void> {
  const { page, world } = visit;
  const { lab, operator, service } = world;
  const line = ({ source_user, destination_user }: LabAccount) => `${lab.state.host};${source_user};x;${lab.state.host};${destination_user};x;;`;
  const content = lab.state.accounts.map(line).join("\n");
  await visit.go("/request");
  await visit.shoot("form");
  await page.locator("input[type=file]").first().setInputFiles({ name: "accounts.csv", mimeType: "text/csv", buffer: Buffer.from(`${content}\nonly;two\n`) });
  await page.locator("form.correct").first().waitFor({ state: "attached" });
  await page.locator("main .button-primary").first().click();
  await visit.shoot("form-filled");
  const card = Buffer.from("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Anna\r\nEND:VCARD\r\n").toString("base64");
  const ask = async (name: string): Promise<{ id: string; url: string }> => {
    const { request, order } = await operator.call<{ request: { id: string }; order: { manage_url: string } }>("POST", "/requests", {
      accepted_terms: await operator.termsVersion(),
      accounts: { content },
      wished_start: new Date(Date.now() + 72 * 3_600_000).toISOString(),
      contact_address: `${name}@customer.example`,
      note: "Please call before you start: +47 12 34 56 78.",
      attachments: [{ name: "contacts.vcf", content: card }],
    });
    return { id: request.id, url: order.manage_url };
  };
  const [first, second] = [await ask("anna"), await ask("berta")];
  await visit.go(first.url);
  await page.waitForURL(/\/request$/);
  await visit.shoot("sent");
  await operator.call("POST", `/requests/${first.id}/accept`);
  await operator.call("POST", `/requests/${second.id}/decline`, { reason: "The old provider has switched off IMAP for these accounts." });
  await page.reload();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await visit.shoot("accepted");
  await visit.go(second.url);
  await page.waitForURL(/\/request$/);
  await visit.shoot("declined");
  const mail = `master-${visit.language}@service.example`;
  await operator.call("POST", "/members", { name: "Harbour master", mail, role: "admin", password: PASSWORD });
  await page.goto(`${service.url}/console`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  if (await page.locator(".side-out").isVisible()) await page.locator(".side-out").click();
  await page.locator("#sign-in-mail").fill(mail);
  await page.locator("#sign-in-password").fill(PASSWORD);
  await page.locator("form button[type=submit]").click();
  await page.locator(".side").waitFor();
  for (const [name, path] of [["queue", "requests"], ["tenants", "tenants"], ["request", `requests/${first.id}`]] as const) {
    await visit.go(`/console/${path}`);
    await visit.shoot(name);
  }
  await visit.go(`/console/migrations/${world.over.id}`);
  await page.getByRole("table").first().waitFor();
  await visit.shoot("closed");
}
