// docs/cli.md: every command with its arguments and options, as the program declares them, and the exit codes.

import type { Command, Help } from 'commander'
import { Readable, Writable } from 'node:stream'

import type { CliDeps } from '../../src/cli/deps.ts'
import { EXIT, EXIT_CODE, TURN_EXIT_CODE } from '../../src/cli/exit-codes.ts'
import { Screen } from '../../src/cli/output/screen.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { code, markdownTable, NOTICE } from './table.ts'

const INTRODUCTION = `# Command line

Results go to stdout, remarks to stderr. With \`--json\` every command prints JSON, one object per line. Errors are one line,
\`holdfast: <message> (CODE)\`, and one line that says what to do; the codes are in [errors.md](errors.md).`

export function cliPage(): string {
  const { command } = buildProgram(NO_DEPS, new Screen(NO_DEPS.terminal, {}, { json: false, color: false }))
  const help = command.createHelp()
  const parts = [NOTICE, INTRODUCTION, '', '## Options of every command', '', optionTable(help, command)]
  for (const child of leaves(help, command)) parts.push('', ...commandSection(help, child))
  return `${[...parts, '', exitSection()].join('\n')}\n`
}

function commandSection(help: Help, command: Command): string[] {
  const name = help.commandUsage(command).replace(/\|\w+/g, '')
  const lines = [`## ${pathOf(command)}`, '', sentence(command.description()), '', '```', name, '```']
  const args = help
    .visibleArguments(command)
    .map((argument) => [code(argument.name()), help.argumentDescription(argument)])
  if (args.length > 0) lines.push('', markdownTable(['Argument', 'Means'], args))
  const options = optionTable(help, command)
  if (options !== '') lines.push('', options)
  return lines
}

function optionTable(help: Help, command: Command): string {
  const options = help.visibleOptions(command).filter((option) => option.long !== '--help')
  if (options.length === 0) return ''
  return markdownTable(
    ['Option', 'Means'],
    options.map((option) => [code(option.flags), help.optionDescription(option)]),
  )
}

/** Commands that do something, in the order of the help; a group stands for its members. */
function leaves(help: Help, command: Command): Command[] {
  const children = help.visibleCommands(command).filter((child) => child.name() !== 'help')
  return children.flatMap((child) => (child.commands.length === 0 ? [child] : leaves(help, child)))
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function exitSection(): string {
  const rows = Object.entries(EXIT).map(([meaning, exit]) => {
    const turns = Object.entries(TURN_EXIT_CODE).filter(([, value]) => value === exit)
    const codes = Object.entries(EXIT_CODE).filter(([, value]) => value === exit)
    return [
      String(exit),
      meaning.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
      turns.map(([state]) => state).join(', '),
      codes.map(([name]) => name).join(', '),
    ]
  })
  return `## Exit codes\n\n${markdownTable(['Code', 'Means', 'A turn that ended', 'Errors'], rows)}`
}

const NO_DEPS: CliDeps = {
  version: '0.0.0',
  terminal: {
    stdin: Readable.from([]),
    stdout: new Writable(),
    stderr: new Writable(),
    stdinIsTty: false,
    stdoutIsTty: false,
    stderrIsTty: false,
  },
  env: {},
  cwd: '/',
  onInterrupt: () => ({ [Symbol.dispose]: () => {} }),
  serve: neverCalled,
  signalRestart: () => Promise.reject(new Error('never')),
  runAgent: neverCalled,
  startGateway: neverCalled,
  isProcessAlive: neverCalled,
  findOrphans: neverCalled,
  endOrphans: neverCalled,
  probeContainment: neverCalled,
  openService: neverCalled,
  openAgents: neverCalled,
  verifyStore: neverCalled,
  readLastCrash: neverCalled,
  openLogin: neverCalled,
  openConformance: neverCalled,
}

function neverCalled(): never {
  throw new Error('a page needs no gateway')
}
