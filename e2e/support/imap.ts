// A few words of IMAP: to put mail with hostile names into a lab's server, and a server that says hostile words itself.

import { type Server, type Socket, createServer, connect } from "node:net";

/** Runs commands one after the other as `user`; a command may be followed by a literal. */
export async function imap(port: number, user: string, password: string, commands: string[]): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  const lines = reader(socket);
  await lines((line) => line.startsWith("* OK"));
  const all = [`LOGIN "${user}" "${password}"`, ...commands, "LOGOUT"];
  for (const [at, command] of all.entries()) {
    socket.write(`a${at} ${command}\r\n`);
    const answer = await lines((line) => line.startsWith(`a${at} `));
    if (!answer.startsWith(`a${at} OK`)) throw new Error(`${command}: ${answer}`);
  }
  socket.end();
}

function reader(socket: Socket): (wanted: (line: string) => boolean) => Promise<string> {
  let text = "";
  const waiting: (() => void)[] = [];
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    waiting.splice(0).forEach((wake) => wake());
  });
  socket.on("error", () => waiting.splice(0).forEach((wake) => wake()));
  return async (wanted) => {
    for (;;) {
      const end = text.indexOf("\r\n");
      if (end < 0) {
        if (socket.destroyed) throw new Error("the connection ended");
        await new Promise<void>((resolve) => waiting.push(resolve));
        continue;
      }
      const line = text.slice(0, end);
      text = text.slice(end + 2);
      if (wanted(line)) return line;
    }
  };
}

/** A server on `port` that greets, and refuses every login, with `words`. */
export async function rudeServer(port: number, words: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.write(`* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ${words}\r\n`);
    socket.on("data", (chunk) => {
      const [tag, command] = chunk.toString("latin1").split(" ");
      if (command?.toUpperCase().startsWith("CAPABILITY")) socket.write(`* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n`);
      const verdict = command?.toUpperCase().startsWith("CAPABILITY") ? "OK" : "NO";
      socket.write(`${tag} ${verdict} ${words}\r\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return server;
}
