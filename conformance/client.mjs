// Does with a server of the conformance suite what a person would do with it on the command line, so that the suite sees
// this program as a client. The program's path and the server's URL are the arguments; the world is a new folder.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [program, url] = process.argv.slice(2);
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? '';
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');

const world = resolve(mkdtempSync('client-'));
const environment = { PATH: process.env.PATH, HOME: join(world, 'home'), XDG_RUNTIME_DIR: join(world, 'run') };
for (const folder of ['home', 'run', 'project']) mkdirSync(join(world, folder), { mode: 0o700 });
const entry = { type: 'http', url, timeoutSeconds: 20 };
writeFileSync(join(world, 'home/.claude.json'), JSON.stringify({ mcpServers: { suite: entry } }));

/** Runs a command; what it fails with is told and is the suite's to judge. */
function mycelium(...words) {
  const ran = spawnSync(program, words, { cwd: join(world, 'project'), env: environment, encoding: 'utf8' });
  console.log(words.join(' '), '→', ran.status, ran.stderr);
  return ran.status === 0 ? JSON.parse(ran.stdout || '{}') : undefined;
}

const call = (tool, args) => mycelium('mcp', 'call', 'suite', tool, JSON.stringify(args), '--json');

/** Something that a schema allows. */
function sample(schema) {
  switch (schema?.type) {
    case 'object': {
      const names = Object.keys(schema.properties ?? {});
      return Object.fromEntries(names.map((name) => [name, sample(schema.properties[name])]));
    }
    case 'array': return [];
    case 'number': case 'integer': return 1;
    case 'boolean': return true;
    default: return 'text';
  }
}

try {
  const told = mycelium('mcp', 'tools', 'suite', '--json');
  const tools = told?.tools ?? [];
  if (scenario.startsWith('sep-2640')) {
    // To list skills and to ask about one reads no files; to install one reads all of them.
    const { skills } = mycelium('mcp', 'skills', 'suite', '--json') ?? {};
    for (const skill of scenario.endsWith('no-prefetch') ? [] : skills ?? []) {
      mycelium('mcp', 'install-skill', 'suite', skill.name, '--approve', skill.approval, '--json');
    }
  } else if (scenario.startsWith('json-schema-2020-12')) {
    const [focal, echo] = tools;
    if (echo) call(echo.name, { schema: focal.input_schema });
  } else if (context.toolCalls) {
    for (const one of context.toolCalls) call(one.name, one.arguments);
  } else {
    for (const tool of tools) call(tool.name, sample(tool.input_schema));
  }
  for (const resource of told?.resources ?? []) mycelium('mcp', 'read', 'suite', resource.uri, '--json');
  process.exitCode = told ? 0 : 1;
} finally {
  mycelium('daemon', 'stop', '--json');
  rmSync(world, { recursive: true, force: true });
}
