// Webhooks, received and verified with the package standardwebhooks.

import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";

import type { Client } from "openapi-fetch";
import { Webhook } from "standardwebhooks";

import type { components, paths } from "./api.d.ts";

type Event = components["schemas"]["Event"];

/** Where we listen: a port, and the files of a certificate for localhost with its key. */
export interface Listener {
  port: number;
  certificate: string;
  key: string;
}

export class Webhooks {
  readonly #events = new Map<string, Event>();
  #verifier: Webhook | undefined;
  #forged = 0;

  /** Listens, and asks to be told of every event. */
  static async listen(api: Client<paths>, { port, certificate, key }: Listener): Promise<Webhooks> {
    const hooks = new Webhooks();
    const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
      body(request)
        .then((text) => hooks.#take(text, request.headers as Record<string, string>))
        .then((status) => response.writeHead(status).end());
    });
    await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
    // Whoever has nothing else to do is not kept here.
    server.unref();
    const made = await api.POST("/api/v1/webhooks", { body: { url: `https://localhost:${port}/hook` } });
    if (!made.data) throw new Error(`no webhook: ${JSON.stringify(made.error)}`);
    hooks.#verifier = new Webhook(made.data.secret);
    return hooks;
  }

  /** Takes what is signed, once however often it is sent. */
  #take(text: string, headers: Record<string, string>): number {
    try {
      this.#events.set(headers["webhook-id"] ?? "", this.#verifier?.verify(text, headers) as Event);
      this.#refuses(text, headers);
      return 204;
    } catch {
      this.#forged += 1;
      return 400;
    }
  }

  /** With one letter more the same signature is worth nothing. */
  #refuses(text: string, headers: Record<string, string>): void {
    try {
      this.#verifier?.verify(`${text} `, headers);
    } catch {
      return;
    }
    throw new Error("the signature does not depend on the body");
  }

  /** The kinds of events so far, once one of this kind has come; fails if anything was not signed. */
  async until(kind: Event["type"]): Promise<string[]> {
    const kinds = (): Event["type"][] => [...this.#events.values()].map((event) => event.type);
    for (const end = Date.now() + 60_000; !kinds().includes(kind); ) {
      if (this.#forged > 0) throw new Error(`${this.#forged} webhooks were not signed as they should be`);
      if (Date.now() > end) throw new Error(`${kind} never came: ${kinds().join(", ")}`);
      await new Promise((done) => setTimeout(done, 100));
    }
    return kinds();
  }
}

async function body(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}
