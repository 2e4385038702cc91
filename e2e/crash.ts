// `make crash`: kills copies and workers with SIGKILL at random moments, starts them again, and compares the mailboxes
// message by message in the end. CRASH_SEED repeats a run, CRASH_KILLS and CRASH_WORKER_KILLS set how often.

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Api, type Progress } from "./support/api.ts";
import { Child, endWithSignals, run, sleep } from "./support/child.ts";
import { Lab, type LabAccount } from "./support/lab.ts";
import { program, workFolder } from "./support/paths.ts";
import { Service } from "./support/service.ts";
import { done, say, sayLive } from "./support/terminal.ts";

const MESSAGES = Number(process.env.CRASH_MESSAGES ?? 6000);
const KILLS = Number(process.env.CRASH_KILLS ?? 10);
const WORKER_KILLS = Number(process.env.CRASH_WORKER_KILLS ?? 3);
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000);

/** Mulberry32: random moments that can be repeated. */
function randomFrom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const random = randomFrom(SEED);

interface CopyRun {
  lab: Lab;
  destination: string;
  state: string;
}

function copyArguments({ lab, destination, state }: CopyRun): string[] {
  const { host, source, destination: ports, accounts } = lab.state;
  const end = (user: string, port: number) => `imaps://${encodeURIComponent(user)}@${host}:${port}`;
  const from = end(accounts[0]!.source_user, source.imaps_port);
  return ["copy", "--source", from, "--destination", end(destination, ports.imaps_port), "--state", state, "--json"];
}

function copyEnvironment(lab: Lab): Record<string, string> {
  const { password, ca_file } = lab.state;
  return {
    MAILFERRY_SOURCE_PASSWORD: password,
    MAILFERRY_DESTINATION_PASSWORD: password,
    MAILFERRY_CA_FILE: ca_file,
  };
}

async function copyToEnd(copy: CopyRun): Promise<{ code: number; stdout: string; ms: number }> {
  const began = Date.now();
  const { code, stdout, stderr } = await run(program("mailferry"), copyArguments(copy), copyEnvironment(copy.lab));
  if (code !== 0) say(stderr.trim());
  return { code, stdout, ms: Date.now() - began };
}

/** Kills a copy at random moments until it was hit `KILLS` times, over as many mailboxes as that takes. */
async function crashCopies(lab: Lab, dir: string): Promise<boolean> {
  const account = lab.state.accounts[0]!;
  const clean = await copyToEnd({ lab, destination: "clean@new.example", state: join(dir, "clean") });
  if (clean.code !== 0) throw new Error(`a copy without any kill ended with ${clean.code}`);
  say(`A copy of ${account.messages} messages takes ${clean.ms} ms; now with kills (seed ${SEED})`);
  let [kills, round, perfect] = [0, 0, true];
  while (kills < KILLS) {
    round += 1;
    const copy = { lab, destination: `crash${round}@new.example`, state: join(dir, `crash${round}`) };
    kills += await killUntilFinished(copy, clean.ms, KILLS - kills);
    const last = await copyToEnd(copy);
    const comparison = await lab.compare({ ...account, destination_user: copy.destination });
    const stored = (JSON.parse(last.stdout) as { counts?: { stored?: number } }).counts?.stored;
    say(`  mailbox ${round}: ${kills} kills so far, exit code ${last.code}, ${JSON.stringify(comparison.counters)}`);
    const again = await copyToEnd(copy);
    const repeated = (JSON.parse(again.stdout) as { counts?: { stored?: number } }).counts?.stored;
    say(`  last run stored ${stored}, one more stored ${repeated}`);
    perfect &&= comparison.perfect && last.code === 0 && again.code === 0 && repeated === 0;
  }
  say(`${kills} kills of mailferry copy over ${round} mailboxes: ${perfect ? "nothing lost, nothing doubled" : "BROKEN"}`);
  return perfect;
}

/** Gives how many kills hit a running copy. */
async function killUntilFinished(copy: CopyRun, cleanMs: number, most: number): Promise<number> {
  let hits = 0;
  while (hits < most) {
    const child = new Child(program("mailferry"), copyArguments(copy), { env: copyEnvironment(copy.lab), log: `${copy.state}.log` });
    const moment = Math.floor(random() * cleanMs * 0.6);
    await Promise.race([sleep(moment), child.ended()]);
    if (!child.alive) return hits;
    child.kill("SIGKILL");
    await child.ended();
    hits += 1;
    sayLive(`  killed after ${moment} ms`);
  }
  return hits;
}

/** Lets the service run an order whose workers are killed. */
async function crashWorkers(lab: Lab, dir: string): Promise<boolean> {
  const { host, source, destination, password, accounts } = lab.state;
  const service = await Service.start({ lab, dir, env: { MAILFERRY_WORKERS: "0" } });
  let worker = service.worker();
  try {
    const api = new Api(service.url, await service.operatorKey());
    const order = await api.createOrder({
      source: { endpoint: { host, port: source.imaps_port } },
      destination: { endpoint: { host, port: destination.imaps_port } },
      options: { include_trash: true, include_junk: true },
    });
    const owners: LabAccount[] = accounts.map((account) => ({ ...account, destination_user: `w-${account.destination_user}` }));
    for (const owner of owners) {
      await api.addAccount(order.id, { user: owner.source_user, password }, { user: owner.destination_user, password });
    }
    await api.redeem(order.id, await api.voucher(owners.length));
    await api.start(order.id);
    let [kills, settled] = [0, 0];
    while (kills < WORKER_KILLS) {
      const progress = await api.call<Progress>("GET", `/orders/${order.id}/progress`);
      if (progress.state === "completed") break;
      if (done(progress.counts) > settled) {
        // It is at work: some moment from now on.
        await sleep(random() * 200);
        worker.kill("SIGKILL");
        await worker.ended();
        kills += 1;
        settled = done((await api.call<Progress>("GET", `/orders/${order.id}/progress`)).counts);
        say(`  worker killed with ${settled} messages settled; its successor waits for the lease to end`);
        worker = service.worker();
      }
      await sleep(30);
    }
    const end = await api.watch(order.id, (progress) => sayLive(`  ${progress.state}: ${done(progress.counts)} messages settled`), 1200);
    await keepProtocols(api, order.id, dir);
    let perfect = end.state === "completed";
    for (const owner of owners) {
      const comparison = await lab.compare(owner);
      perfect &&= comparison.perfect;
      say(`  ${owner.source_user}: ${JSON.stringify(comparison.counters)}`);
    }
    say(`${kills} kills of mailferry worker: ${perfect ? "nothing lost, nothing doubled" : "BROKEN"}`);
    return perfect && kills > 0;
  } finally {
    await worker.stop();
    await service.stop();
  }
}

/** Writes down what the service has to tell of each run: it may be wanted later. */
async function keepProtocols(api: Api, order: string, dir: string): Promise<void> {
  const progress = await api.call<Progress>("GET", `/orders/${order}/progress`);
  writeFileSync(join(dir, "progress.json"), JSON.stringify(progress, null, 1));
  for (const { run } of progress.pairs) {
    if (run) writeFileSync(join(dir, `protocol-${run.id}.json`), JSON.stringify(await api.protocol(order, run), null, 1));
  }
}

async function main(): Promise<number> {
  // Mail, logs, ledgers and protocols stay if anything goes wrong.
  const dir = workFolder("crash");
  // The mail servers work as a user of their own.
  chmodSync(dir, 0o755);
  const lab = await Lab.start({ sample: String(MESSAGES), accounts: 2, dir: join(dir, "servers") });
  let perfect = false;
  try {
    const copies = await crashCopies(lab, dir);
    const workers = await crashWorkers(lab, dir);
    perfect = copies && workers;
    return perfect ? 0 : 1;
  } finally {
    await lab.stop();
    if (!perfect) say(`Logs, ledgers and protocols are in ${dir}`);
  }
}

endWithSignals();
main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    say(`crash: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  },
);
