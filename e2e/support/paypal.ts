// A stand-in for PayPal's documented REST API (OAuth tokens, Orders v2), and the page at which a payer agrees.

import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { Api } from "./api.ts";
import type { Lab } from "./lab.ts";
import { Service } from "./service.ts";

const CLIENT = "client-of-the-tests";
const SECRET = "secret-of-the-tests";

interface Money {
  currency_code: string;
  value: string;
}

interface RemoteOrder {
  id: string;
  status: string;
  purchase_units: { amount: Money; custom_id: string; payments?: { captures: unknown[]; refunds?: unknown[] } }[];
  links: { rel: string; href: string; method: string }[];
  payment_source?: { paypal: { experience_context: { return_url: string; cancel_url: string } } };
}

/** What an account costs, where a test does not care. */
export const PRICE = { currency: "EUR", pair_minor: 1490, tax_name: "VAT", tax_basis_points: 1900, tax_included: true };

export class PayPal {
  readonly #server: Server;
  readonly #orders = new Map<string, RemoteOrder>();
  /** Amounts that were really taken. */
  readonly taken: string[] = [];
  /** What becomes of a payer's agreement: held back as an e-cheque is, declined, or less is taken than was asked for. */
  outcome: "paid" | "held back" | "declined" | "too little" = "paid";
  /** Amounts that were really paid back. */
  readonly paidBack: string[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<PayPal> {
    const server = createServer();
    const paypal = new PayPal(server);
    server.on("request", (request, response) => void paypal.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return paypal;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What the service must be told. */
  get settings(): Record<string, string> {
    return {
      MAILFERRY_PAYPAL_URL: this.url,
      MAILFERRY_PAYPAL_CLIENT_ID: CLIENT,
      MAILFERRY_PAYPAL_SECRET: SECRET,
    };
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const { pathname, searchParams } = new URL(request.url ?? "/", this.url);
    const json = (status: number, value: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    if (pathname === "/checkoutnow") return this.#payer(response, searchParams.get("token") ?? "");
    if (pathname === "/agree") return this.#agree(response, searchParams.get("token") ?? "");
    if (pathname === "/v1/oauth2/token") {
      const basic = `Basic ${Buffer.from(`${CLIENT}:${SECRET}`).toString("base64")}`;
      const known = request.headers.authorization === basic;
      return known
        ? json(200, { access_token: "A21", token_type: "Bearer", expires_in: 32_400 })
        : json(401, { error: "invalid_client" });
    }
    if (request.headers.authorization !== "Bearer A21") return json(401, { error: "invalid_token" });
    const [, captured] = /^\/v2\/payments\/captures\/([^/]+)\/refund$/.exec(pathname) ?? [];
    if (captured) return json(201, this.#refund(captured, JSON.parse(body) as { amount?: Money }));
    const [, id, what] = /^\/v2\/checkout\/orders(?:\/([^/]+))?(?:\/(\w+))?$/.exec(pathname) ?? [];
    if (request.method === "POST" && !id) return json(200, this.#create(JSON.parse(body) as RemoteOrder));
    const order = this.#orders.get(id ?? "");
    if (!order) return json(404, refusal("RESOURCE_NOT_FOUND"));
    if (what !== "capture") return json(200, order);
    if (order.status !== "APPROVED") return json(422, refusal("ORDER_NOT_APPROVED"));
    if (this.outcome === "declined") return json(422, refusal("INSTRUMENT_DECLINED"));
    json(201, this.#capture(order));
  }

  #create(wanted: RemoteOrder): RemoteOrder {
    const id = `5O19${String(this.#orders.size).padStart(4, "0")}`;
    const links = [{ rel: "payer-action", href: `${this.url}/checkoutnow?token=${id}`, method: "GET" }];
    const order = { ...wanted, id, status: "PAYER_ACTION_REQUIRED", links };
    this.#orders.set(id, order);
    return order;
  }

  #capture(order: RemoteOrder): RemoteOrder {
    const unit = order.purchase_units[0]!;
    this.taken.push(`${unit.amount.value} ${unit.amount.currency_code}`);
    const { currency_code } = unit.amount;
    const value = this.outcome === "too little" ? "0.01" : unit.amount.value;
    const status = this.outcome === "held back" ? "PENDING" : "COMPLETED";
    const capture = { id: `3C67${order.id}`, status, custom_id: unit.custom_id, amount: { currency_code, value } };
    unit.payments = { captures: [capture] };
    order.status = "COMPLETED";
    return order;
  }

  #refund(captured: string, { amount }: { amount?: Money }): unknown {
    const unit = this.#orders.get(captured.replace("3C67", ""))!.purchase_units[0]!;
    const back = amount ?? unit.amount;
    this.paidBack.push(`${back.value} ${back.currency_code}`);
    const refund = { id: `1JU${this.paidBack.length}`, status: "COMPLETED", amount: back };
    unit.payments!.refunds = [...(unit.payments!.refunds ?? []), refund];
    return refund;
  }

  #payer(response: ServerResponse, id: string): void {
    const order = this.#orders.get(id);
    if (!order) return void response.writeHead(404).end();
    const { amount } = order.purchase_units[0]!;
    const cancel = order.payment_source!.paypal.experience_context.cancel_url.replaceAll("&", "&amp;");
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(
      `<!doctype html><html lang="en"><title>Payer</title><h1>Pay ${amount.value} ${amount.currency_code}?</h1>` +
        `<p><a href="/agree?token=${id}">Agree and pay</a> <a href="${cancel}">Cancel and return</a></p></html>`,
    );
  }

  #agree(response: ServerResponse, id: string): void {
    const order = this.#orders.get(id);
    if (!order) return void response.writeHead(404).end();
    order.status = "APPROVED";
    response.writeHead(302, { location: order.payment_source!.paypal.experience_context.return_url }).end();
  }
}

function refusal(issue: string): unknown {
  return { name: "UNPROCESSABLE_ENTITY", details: [{ issue, description: "…" }], debug_id: "1" };
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** A service whose accounts cost `price`, with the PayPal that is paid through; both end with `work`. */
export async function payable(
  lab: Lab,
  price: typeof PRICE,
  work: (ground: { paypal: PayPal; service: Service; operator: Api }) => Promise<void>,
): Promise<void> {
  const paypal = await PayPal.start();
  const service = await Service.start({ lab, openPorts: [paypal.port], env: paypal.settings });
  try {
    const operator = new Api(service.url, await service.operatorKey());
    await operator.call("PUT", "/price", price);
    await work({ paypal, service, operator });
  } finally {
    await service.stop();
    paypal.stop();
  }
}
