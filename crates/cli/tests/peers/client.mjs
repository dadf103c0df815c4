// A client that is written with the TypeScript SDK of MCP: does what a test wants to know, and tells it as JSON.

import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [sdk, given] = [process.argv[2], JSON.parse(process.argv[3])];
const load = (file) => import(pathToFileURL(join(sdk, "dist/esm", file)));
const { Client } = await load("client/index.js");
const { StdioClientTransport } = await load("client/stdio.js");
const { StreamableHTTPClientTransport } = await load("client/streamableHttp.js");
const { ElicitRequestSchema } = await load("types.js");

const text = (result) => result.content[0].text;
const client = new Client({ name: "typescript", version: "1" }, { capabilities: { elicitation: { form: {} } } });
client.setRequestHandler(ElicitRequestSchema, async () => ({ action: "accept", content: { answer: "once" } }));

const transport = given.url
  ? new StreamableHTTPClientTransport(new URL(given.url), {
      requestInit: { headers: { Authorization: `Bearer ${given.token}` } },
    })
  : new StdioClientTransport({ command: given.command[0], args: given.command.slice(1), env: process.env });
await client.connect(transport);

const report = { tools: (await client.listTools()).tools.map((tool) => tool.name) };
const call = (name, args, options) => client.callTool({ name, arguments: args }, undefined, options);
report.greeting = text(await call("peer_greet", { name: "Ada" }));
const failed = await call("peer_fail", {});
report.failure = { is_error: failed.isError, text: text(failed) };
const leaving = new AbortController();
report.cancelled = await call("peer_wait", {}, { signal: leaving.signal, onprogress: () => leaving.abort() }).then(
  () => false,
  () => true,
);
report.after = text(await call("peer_greet", { name: "Eve" }));
report.prompts = (await client.listPrompts()).prompts.map((prompt) => prompt.name);
report.asked = text(await call("asker_go", {}));
await client.close();
console.log(JSON.stringify(report));
