// A line that is as slow as one likes, to look at what happens while something runs.

import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";

/** How often something passes, milliseconds. */
const TICK_MS = 100;

/** Passes bytes to a port of 127.0.0.1; what comes back as slowly as one says. */
export class SlowLine {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** How much passes at once. */
  #bytes = Infinity;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on `port`; everything passes at once. */
  static async start(port: number, target: number): Promise<SlowLine> {
    const server = createServer();
    const line = new SlowLine(server);
    server.on("connection", (client) => line.#pass(client, connect(target, "127.0.0.1")));
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
    return line;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on only so many bytes pass in a second, a connection. */
  slow(bytesPerSecond: number): void {
    this.#bytes = Math.ceil((bytesPerSecond * TICK_MS) / 1000);
  }

  /** From now on everything passes at once. */
  open(): void {
    this.#bytes = Infinity;
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #pass(client: Socket, server: Socket): void {
    let waiting = Buffer.alloc(0);
    const some = (): void => {
      const size = Math.min(this.#bytes, waiting.length);
      if (size > 0) client.write(waiting.subarray(0, size));
      waiting = waiting.subarray(size);
      if (waiting.length === 0) server.resume();
    };
    const timer = setInterval(some, TICK_MS);
    client.pipe(server);
    server.on("data", (chunk) => {
      waiting = Buffer.concat([waiting, chunk]);
      if (this.#bytes === Infinity) some();
      else server.pause();
    });
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        clearInterval(timer);
        client.destroy();
        server.destroy();
      });
    }
  }
}
