// docs/config.md: one section per option, from the table that the loader uses.

import type { Option, OptionKind } from '../../src/config/option.ts'
import { OPTIONS } from '../../src/config/options.ts'
import { code, NOTICE } from './table.ts'

const INTRODUCTION = `# Configuration

One file in JSON with comments: \`$HOLDFAST_CONFIG\`, or the argument of \`holdfast serve --config\`, or \`config.jsonc\` in \`$HOLDFAST_HOME\`,
or \`holdfast/config.jsonc\` in \`$XDG_CONFIG_HOME\` (\`~/.config\`). Keys are nested at their dots: \`http.port\` is \`{ "http": { "port": 7433 } }\`.
A flag wins over the environment, the environment over the file, the file over the default. Unknown keys and values out of range are
errors at start that name the file, the place in it and the key. \`HOLDFAST_HOME\` moves configuration, state and socket together.

\`holdfast reload\`, or SIGHUP to the gateway, reads all of it again. An option that says *reload* takes its new value then, at its next
use; one that says *restart* with \`holdfast restart\`. When anything is wrong nothing changes, and the error is said.

## agents

Agents by name, in the file only: commands never come from the environment or the network. \`command\` is an argument list, without a
shell; \`env\` is added to the allow-listed environment that agents get; \`title\` is shown. \`containment\`, \`memoryBytesMax\` and
\`processesMax\` are those of this agent; without them the options of the same names count; \`permissionMode\` is that of its
sessions that do not choose one, without it \`permissions.mode\` counts. \`spares\` (0 to 8, default 0) is how many of its
processes are started and initialised before a session needs them: the first prompt of a session then waits for neither. Each takes a
slot and its memory, and is the first to end when a session needs them. \`protocol\` (1, 2 or "auto", default 1): which version of ACP
it is offered; "auto" tries 2 and falls back to 1 (docs/acp-v2.md). \`terminals\` (default false): the agent may ask the gateway to run
commands; with false it runs them itself, as it would without a gateway. They run with its environment and containment, as its
user, and end with it. \`files\` (\`none\`, \`read\` or \`write\`, default \`none\`): the agent may read, or read and write, files of its session
through the gateway; with \`none\` it does so itself. What that is and is not: docs/permissions.md. The entry of the built-in agent, \`holdfast\`, needs no command: what it says is added
to the agent that comes with Holdfast (docs/agent.md). An agent that somebody else runs has a \`url\` instead of a command, with \`headers\` and
\`insecure\` (docs/remote-agents.md).

Agents are read again by a reload. A running turn goes on in the process that it has; when it has ended, the next prompt gets a process
of the new definition, in the same conversation. The sessions of an agent that is gone from the file are kept: they refuse prompts
(SESSION_STALE) until it is there again.

\`\`\`jsonc
{
  "agents": {
    "opencode": { "command": ["opencode", "acp"], "env": {}, "title": "OpenCode", "spares": 1 }
  }
}
\`\`\``

const MCP_SERVERS = `## mcpServers

MCP servers by name, in the file only. A session names those that its agent is to have (\`--mcp NAME\`, \`mcp_servers\`); the agent
starts or calls them itself. Either \`command\`, an argument list without a shell, with \`env\`; or \`url\`, with \`type\`
(\`http\`, the default, or \`sse\`) and \`headers\`. A value \`env:NAME\` of \`env\` or \`headers\` stands for the variable
NAME of the gateway, so that no secret has to be in the file; values are given to the agent and never shown or logged.

A reload reads them again: an agent that was given one that has changed ends when no turn is out, and the next prompt starts it with
the new one.

\`\`\`jsonc
{
  "mcpServers": {
    "files": { "command": ["mcp-server-filesystem", "/srv/docs"], "env": {} },
    "issues": { "url": "https://mcp.example.test/", "headers": { "Authorization": "env:ISSUES_AUTH" } }
  }
}
\`\`\``

export function configPage(): string {
  const sections = Object.entries<Option>(OPTIONS).map(([name, option]) => optionSection(name, option))
  return `${[NOTICE, INTRODUCTION].join('\n')}\n\n${MCP_SERVERS}\n\n${sections.join('\n\n')}\n`
}

function optionSection(name: string, option: Option): string {
  const facts = [
    `${typeText(option.type)}; default ${defaultText(option.default)}`,
    code(option.env),
    ...(option.flag === undefined ? [] : [code(`--${option.flag}`)]),
    option.reload ? 'reload' : 'restart',
  ]
  return `## ${name}\n\n${facts.join(' · ')}\n\n${option.text}`
}

function typeText(type: OptionKind): string {
  switch (type.kind) {
    case 'integer':
      return `whole number from ${type.min} to ${type.max}`
    case 'boolean':
      return 'true or false'
    case 'choice':
      return `one of ${type.values.map(code).join(', ')}`
    case 'path':
      return 'path'
    case 'list':
      return type.of === 'path' ? 'list of paths' : 'list of texts'
    default:
      return type satisfies never
  }
}

function defaultText(value: Option['default']): string {
  return value === undefined ? 'none' : code(JSON.stringify(value))
}
