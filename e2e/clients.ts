// `make clients`: clients in three languages are generated from openapi/openapi.json into a temporary folder and compile;
// each drives a whole migration between real mail servers. The one in TypeScript is told of it by webhooks meanwhile, and
// verifies them with the package standardwebhooks.

import { copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { endWithSignals, run } from "./support/child.ts";
import { Lab, type LabAccount } from "./support/lab.ts";
import { root, workFolder } from "./support/paths.ts";
import { Service, freePort } from "./support/service.ts";
import { say } from "./support/terminal.ts";

const document = join(root, "openapi", "openapi.json");
const programs = join(root, "e2e", "clients");
const modules = join(root, "e2e", "node_modules");
const python = join(root, "e2e", ".venv", "bin", "python");
/** Messages that arrive between main run and delta. */
const LATER = 2;

interface Report {
  order_id: string;
  state: string;
  counts: { stored: number; present: number; failed: number; uncertain: number };
  runs: { kind: string; state: string; folders: number }[];
  /** Kinds of events whose webhooks were verified. */
  webhooks?: string[];
}

/** Runs a command; ends everything with its words if it fails. */
async function must(command: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const result = await run(command, args, { ...(process.env as Record<string, string>), ...env });
  if (result.code !== 0) throw new Error(`${command} ${args.slice(0, 4).join(" ")} …\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

async function typescript(folder: string): Promise<string[]> {
  mkdirSync(folder);
  symlinkSync(modules, join(folder, "node_modules"));
  await must(join(modules, ".bin", "openapi-typescript"), [document, "--default-non-nullable", "false", "--output", join(folder, "api.d.ts")]);
  for (const name of ["migrate.ts", "webhooks.ts"]) copyFileSync(join(programs, name), join(folder, name));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const options = { extends: join(root, "e2e", "tsconfig.json"), include: ["*.ts"], compilerOptions: { types: ["node"] } };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));
  await must(join(modules, ".bin", "tsc"), ["--project", folder]);
  return [process.execPath, join(folder, "migrate.ts")];
}

async function pythonClient(folder: string): Promise<string[]> {
  mkdirSync(folder);
  const package_ = join(folder, "mailferry_client");
  const generate = ["-m", "openapi_python_client", "generate", "--path", document, "--output-path", package_, "--meta", "none"];
  const words = await must(python, [...generate, "--fail-on-warning", "--config", join(programs, "python.yaml")]);
  if (/warning/i.test(words)) throw new Error(words);
  copyFileSync(join(programs, "migrate.py"), join(folder, "migrate.py"));
  await must(python, ["-m", "compileall", "-q", folder]);
  return [python, join(folder, "migrate.py")];
}

async function java(folder: string): Promise<string[]> {
  mkdirSync(folder);
  const jar = (await must(python, ["-c", "import openapi_generator_cli as it; print(it.__path__[0])"])).trim();
  const generator = join(jar, "openapi-generator.jar");
  const names = "invokerPackage=example.mailferry,apiPackage=example.mailferry.api,modelPackage=example.mailferry.model";
  const properties = `${names},openApiNullable=false,hideGenerationTimestamp=true`;
  const which = "apiTests=false,modelTests=false,apiDocs=false,modelDocs=false";
  await must("java", [
    ...["-jar", generator, "generate", "--generator-name", "java", "--library", "native", "--input-spec", document],
    ...["--output", folder, "--additional-properties", properties, "--global-property", which],
  ]);
  const sources = readdirSync(join(folder, "src", "main"), { recursive: true, encoding: "utf8" });
  const files = sources.filter((name) => name.endsWith(".java")).map((name) => join(folder, "src", "main", name));
  // Jackson is in the generator's own jar, which saves a Maven repository; the annotations are Debian's.
  const classes = [join(folder, "classes"), generator, "/usr/share/java/geronimo-annotation-1.3-spec.jar"].join(":");
  mkdirSync(join(folder, "classes"));
  const target = ["-nowarn", "-d", join(folder, "classes"), "-cp", classes];
  await must("javac", [...target, ...files, join(programs, "Migrate.java")]);
  say(`  Java: ${files.length} files compiled`);
  return ["java", "-cp", classes, "Migrate"];
}

/** Where everything happens. */
interface Place {
  lab: Lab;
  service: Service;
  key: string;
  /** A port that webhooks may be posted to. */
  port: number;
}

async function migrate(name: string, program: string[], { lab, service, key, port }: Place, account: LabAccount): Promise<Report> {
  const { host, source, destination, password } = lab.state;
  const migration = {
    host,
    source_port: source.imaps_port,
    destination_port: destination.imaps_port,
    source_user: account.source_user,
    destination_user: account.destination_user,
    password,
  };
  // The certificate of the lab's mail server names localhost.
  const folder = dirname(lab.state.ca_file);
  const webhooks = { port, certificate: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  const env = {
    MAILFERRY_URL: service.url,
    MAILFERRY_API_KEY: key,
    MIGRATION: JSON.stringify(migration),
    WEBHOOKS: JSON.stringify(webhooks),
  };
  const [command, ...args] = program as [string, ...string[]];
  const main = JSON.parse(await must(command, [...args, "main"], env)) as Report;
  expect(name, main, "completed", account.messages, ["main succeeded"]);
  await lab.append(account, LATER);
  const delta = JSON.parse(await must(command, [...args, "delta", main.order_id], env)) as Report;
  expect(name, delta, "completed", LATER, ["main succeeded", "delta succeeded"]);
  const { perfect, counters } = await lab.compare(account);
  if (!perfect) throw new Error(`${name}: the mailboxes differ: ${JSON.stringify(counters)}`);
  say(`  ${name}: ${account.messages} messages, then ${LATER} more by a delta; compared: identical`);
  return main;
}

function expect(name: string, report: Report, state: string, stored: number, runs: string[]): void {
  const found = report.runs.map((one) => `${one.kind} ${one.state}`);
  const good = report.state === state && report.counts.stored === stored && found.join() === runs.join();
  if (!good || report.counts.failed + report.counts.uncertain > 0) throw new Error(`${name}: ${JSON.stringify(report)}`);
}

async function main(): Promise<void> {
  const work = workFolder("clients");
  say("Generating and compiling clients …");
  const [ts, py, jv] = [join(work, "typescript"), join(work, "python"), join(work, "java")];
  const typescriptProgram = await typescript(ts);
  const pythonProgram = await pythonClient(py);
  const javaProgram = await java(jv);
  const lab = await Lab.start({ sample: "small", accounts: 3 });
  let service: Service | undefined;
  try {
    const port = await freePort();
    service = await Service.start({ lab, openPorts: [port] });
    const place = { lab, service, key: await service.operatorKey(), port };
    const [first, second, third] = lab.state.accounts as [LabAccount, LabAccount, LabAccount];
    const told = (await migrate("TypeScript", typescriptProgram, place, first)).webhooks ?? [];
    const steps = ["order.created", "order.submitted", "order.started", "run.finished", "order.completed"];
    if ([...told].sort().join() !== [...steps].sort().join()) throw new Error(`TypeScript: told of ${told.join(", ")}`);
    say(`  TypeScript: ${told.length} webhooks verified by standardwebhooks`);
    await migrate("Python", pythonProgram, place, second);
    await migrate("Java", javaProgram, place, third);
  } finally {
    await service?.stop();
    await lab.stop();
  }
  say("3 clients generated and compiled, 3 whole migrations, webhooks verified.");
}

endWithSignals();
main().catch((error: unknown) => {
  say(`clients: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
