// docs/agents.md: which agents there are, what installing and importing them does, and the table of all that are known by name.

import { CATALOG } from '../../src/agent/catalog/catalog.ts'
import type { CatalogEntry } from '../../src/agent/catalog/entry.ts'
import { TRIED_AGENTS } from '../../src/agent/catalog/tried-agents.ts'
import { code, markdownTable, NOTICE } from './table.ts'

const TEXT = `# Agents

A session has an agent, named with \`--agent\`. A name means, in this order: an agent of your [configuration](config.md), Holdfast's own agent
([agent.md](agent.md)), an agent that Holdfast knows (the table below), an agent of a registry that you imported.

## See what there is

\`\`\`
holdfast agents ls
\`\`\`

INSTALLED is \`yes\` when its program is found: installed by Holdfast, in the PATH of the gateway, or in the \`node_modules\` that Holdfast itself
runs in. The \`node_modules\` of your projects are not looked at: a repository could bring a program of its own. VERSION is read from the package of
the program. LOGIN is \`yes\` when one of its variables or files is there, \`no\` when it can have no other login, and \`unknown\` when the login may
be somewhere else, such as in a keychain. Nothing is started for any of it, and no login is opened. \`holdfast doctor\` shows the agents that can
be used, and \`GET /v1/agents\` says the same to programs.

FROM says where an agent comes from: \`built-in\` (known by name), \`config\`, \`imported\` or \`installed\`. When no agent is named, those
are meant that you configured or installed, and Holdfast's own.

An agent of the table gets the variables of its own login from the environment of the gateway, and no others; those are listed under "Login". An
agent that you configure gets what your configuration says. Change what the gateway has, then end it with \`holdfast stop\`: it keeps its environment over a restart.

## Log in

\`\`\`
holdfast agents login claude
holdfast agents login codex --method chatgpt
holdfast agents logout codex
\`\`\`

The agent is started on this machine, as its sessions start it, and asked how one logs in. With several ways you choose one, or name it. A login in the
browser shows the address and the code that the agent gives; a login in the terminal is the agent's own program, with you at its keyboard. Then a new process
has to open a session: only that counts. Ctrl-C ends it and leaves no process; without an end it is given up after ten minutes (\`--timeout\`). An
agent that tells of no way is tried all the same, and what the table below knows of its login is said.

A prompt that meets an agent without a login is not lost: its session waits ("blocked"), and \`holdfast prompt\` exits with 77 and says what to type. After the login the
gateway is told: no process keeps the old login, and what waited goes on. After a login of another kind, say so with the same command, or for one session with
\`holdfast resume SESSION --action retry\`. A gateway that was not running hears of it in the same way. Logins are never made over the network, and nothing of them is kept by Holdfast. An agent that runs elsewhere is logged in where it runs.

## Install

\`\`\`
holdfast agents install pi
holdfast agents install gemini@0.61.0
holdfast agents uninstall pi
\`\`\`

This is the only time that anything is downloaded: starting an agent never does. The files go into \`agents\` in the state directory, in a folder for
each set of packages and versions; what is there is whole, whatever happens meanwhile. A running gateway uses it at once. Sessions that run an older version
go on with it until their agent ends.

- *npm*: the versions of the table, or the one that you name. Install scripts do not run. An agent that cannot work without them needs
  \`--allow-scripts\`; for all others that is refused. The lock file of npm stays beside the packages. Programs run on the Node of Holdfast.
- *uv*: into an environment of its own, without building anything; \`uv\` has to be in the PATH.
- *archives* (tar, tar.gz, zip, bare programs) of a registry: the SHA-256 is compared where the registry has one, and is always shown and recorded.
  Names and links that leave the folder are refused, and more than 2 GiB or 100 000 entries.

What is installed is not updated by itself: install again, with a version.

## Import a registry

\`\`\`
holdfast agents import registry.json
holdfast agents import https://example.org/registry.json
\`\`\`

Takes a document in the format of the public ACP registry and keeps it; afterwards no network is needed until you install one of its agents.
It replaces what was imported before. Only https is used, at most 4 MiB in 30 s, without credentials, and redirects stay on the host.
The document is taken whole or not at all: what is wrong is named by its place, such as \`agents[3].distribution.npx.package\`. Fields that are not
known are left alone. What a registry says of an agent that Holdfast has packages of is not used; of the others it says how they are installed. Its variables can neither refer to yours nor
change how programs are found.

## Agents that Holdfast knows

Agents marked with * were driven over ACP in these versions. The others are known by their commands. An agent without packages has an installer of its own:
Holdfast uses it where its program is in the PATH, and installs it when you import a registry that says how.`

export function agentsPage(): string {
  const tried = new Set(TRIED_AGENTS.map(({ name }) => name))
  const rows = CATALOG.map((entry) => [
    `${linkOf(entry)}${tried.has(entry.name) ? ' *' : ''}`,
    [entry.name, ...(entry.aliases ?? [])].map(code).join(', '),
    code(entry.argv.join(' ')),
    entry.packages.map(code).join(', ') || '-',
    entry.node === undefined ? '-' : `>=${entry.node}`,
    loginOf(entry),
    [
      ...(entry.needsScripts === true ? ['needs `--allow-scripts`'] : []),
      ...(entry.note === undefined ? [] : [entry.note]),
    ].join('; '),
  ])
  const table = markdownTable(['Agent', 'Name', 'Command', 'Packages', 'Node', 'Login', 'Note'], rows)
  return `${NOTICE}\n${TEXT}\n\n${table}\n`
}

function linkOf({ title, homepage }: CatalogEntry): string {
  return homepage === undefined ? title : `[${title}](${homepage})`
}

function loginOf({ login: { how, variables, files } }: CatalogEntry): string {
  const shows = [...variables, ...files.map((file) => `~/${file}`)].map(code)
  return shows.length === 0 ? how : `${how} (shows in ${shows.join(', ')})`
}
