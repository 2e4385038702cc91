// A stand-in for Google's token service (RFC 6749), which notes what it is asked.

import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";

export class TokenService {
  readonly #server: Server;
  /** The fields of each request for an access token, in order. */
  readonly asked: Record<string, string>[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<TokenService> {
    const server = createServer();
    const service = new TokenService(server);
    server.on("request", (request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        service.asked.push(Object.fromEntries(new URLSearchParams(body)));
        const token = { access_token: "ya29.token-of-the-tests", token_type: "Bearer", expires_in: 3599 };
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(token));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return service;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What the service must be told. */
  get settings(): Record<string, string> {
    return { MAILFERRY_GOOGLE_TOKEN_URL: `http://127.0.0.1:${this.port}` };
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
