// Everything the command line can do, on two screens: names, arguments, options, help. The work is in commands/, loaded when asked for.

import { Command, Option } from 'commander'
import type { OutputConfiguration } from 'commander'
import { CONTINUITY, NOTIFY, ON_INTERRUPT, RESET_WHAT, RESUME_ACTION, WHEN_ALONE } from './choices.ts'
import type { CommandContext } from './context.ts'
import type { CliDeps } from './deps.ts'
import { Screen } from './output/screen.ts'
import { declareAgents } from './program-agents.ts'
import { declareApprove, declarePermissionOptions, declarePermissions } from './program-permissions.ts'
import { declareAnswer, declareQuestions } from './program-questions.ts'
import { declareEquipment } from './program-equipment.ts'
import { declareEditors } from './program-editors.ts'
import { declareGateway } from './program-gateway.ts'
import { declareAdmission, declareQueue, declareWhenBusy } from './program-queue.ts'
import { positiveInteger, positiveSeconds, wholeNumber } from './program-values.ts'

export interface Program {
  readonly command: Command
  /** The exit code of the command that ran; 0 before. */
  exitCode(): number
}

/** Builds the program; `screen` takes help and version. Nothing runs before `command.parseAsync`; nothing ever exits the process. */
export function buildProgram(deps: CliDeps, screen: Screen): Program {
  const root = new Command('holdfast')
  let exitCode = 0
  root
    .description('Runs coding agents as durable, supervised sessions.')
    .version(deps.version, '-V, --version', 'print the version')
    .option('--json', 'print JSON, one object per line')
    .option('--no-color', 'print no colours (also: NO_COLOR)')
    .option('--no-start', 'never start a gateway')
    .configureHelp({ showGlobalOptions: true, minWidthToWrap: 30 })
    .configureOutput(outputOf(deps, screen))
    .exitOverride()
    .addHelpText('after', EXAMPLES)
  const on: Bind =
    (load) =>
    async (...input: unknown[]) => {
      const command = input.at(-1) as Command
      const args = input.slice(0, -2)
      const run = await load()
      exitCode = await run(contextOf(command, deps), command.opts(), ...(args as never[]))
    }
  declareTurns(root, on)
  declareSessions(root, on)
  declareTasks(root, on)
  declareEditors(root, on)
  declareGateway(root, on)
  return { command: root, exitCode: () => exitCode }
}

/** Help goes where we say; mistakes are thrown and said by run-cli.ts. */
function outputOf({ terminal }: CliDeps, screen: Screen): OutputConfiguration {
  return {
    writeOut: (text) => screen.out.write(text),
    writeErr: (text) => screen.err.write(text),
    outputError: () => {},
    getOutHasColors: () => terminal.stdoutIsTty,
    getErrHasColors: () => terminal.stderrIsTty,
  }
}

type Loaded = (context: CommandContext, options: never, ...args: never[]) => Promise<number>
export type Bind = (load: () => Promise<Loaded>) => (...input: unknown[]) => Promise<void>

function contextOf(command: Command, deps: CliDeps): CommandContext {
  const {
    json = false,
    color = true,
    start = true,
  } = command.optsWithGlobals<{ json?: boolean; color?: boolean; start?: boolean }>()
  return { deps, screen: new Screen(deps.terminal, deps.env, { json, color }), mayStart: start }
}

const EXAMPLES = `
Examples:
  holdfast prompt -a claude fix the test    in the session of this directory
  holdfast run -a codex -f task.md          a session for one prompt
  holdfast events -f my-session             what happens, as it happens
  holdfast explain my-session               what it waits for, what you can do
  git diff | holdfast prompt -f - review this`

function declareTurns(root: Command, on: Bind): void {
  root.commandsGroup('Prompts:')
  const prompt = root
    .command('prompt')
    .description('send a prompt and stream what the agent does')
    .argument('[text...]', 'the prompt; with -f it is put in front of the file')
    .option(
      '-s, --session <id|key>',
      'session, made when -a is given too (default: the one of this directory and agent)',
    )
    .option('--no-wait', 'return when the prompt is stored')
    .addOption(
      new Option('--on-interrupt <what>', 'what becomes of the turn when a crash interrupts it').choices([
        ...ON_INTERRUPT,
      ]),
    )
    .option('--idempotency-key <key>', 'sending twice with one key makes one turn')
    .action(on(async () => (await import('./commands/prompt.ts')).prompt))
  const run = root
    .command('run')
    .description('one prompt in a session of its own, closed afterwards')
    .argument('[text...]', 'the prompt; with -f it is put in front of the file')
    .action(on(async () => (await import('./commands/run.ts')).run))
  declareWhenBusy(prompt)
  for (const command of [prompt, run]) declareTurnOptions(command)
  root
    .command('cancel')
    .description('cancel the running turn of a session, or one turn')
    .argument('<session>', 'id or key')
    .argument('[turn]', 'turn id')
    .option('--wait <seconds>', 'wait at most so long (60) for its end, and say how it ended', positiveSeconds)
    .action(on(async () => (await import('./commands/cancel.ts')).cancel))
  root
    .command('resume')
    .description('free a session that an interrupted turn or a lost conversation holds')
    .argument('<session>', 'id or key')
    .addOption(
      new Option(
        '--action <what>',
        'continue: what waits goes on; retry: try again first; discard: cancel what waits; fresh: go on in another conversation',
      )
        .choices([...RESUME_ACTION])
        .default('continue'),
    )
    .action(on(async () => (await import('./commands/resume.ts')).resume))
  declareApprove(root, on)
  declareAnswer(root, on)
  declareQueue(root, on)
}

function declareTurnOptions(command: Command): void {
  command
    .option('-a, --agent <name>', 'agent (default: the only one, or the one of the session)')
    .option('--cwd <dir>', 'working directory (default: this one)')
    .addOption(
      new Option('--continuity <policy>', 'when the agent cannot go on with its conversation').choices([...CONTINUITY]),
    )
    .option('-f, --file <file>', 'read the prompt from a file, - for stdin')
    .option('--timeout <seconds>', 'cancel the turn after this long, while this command watches it', positiveSeconds)
    .addOption(
      new Option('--approve-all', 'answer: allow everything once, while this command watches').conflicts([
        'approveReads',
        'denyAll',
      ]),
    )
    .addOption(
      new Option('--approve-reads', 'answer: allow reads inside the working directory once').conflicts('denyAll'),
    )
    .option('--deny-all', 'answer: refuse everything')
    .addOption(
      new Option('--non-interactive-permissions <what>', 'when nobody can be asked')
        .choices([...WHEN_ALONE])
        .default('deny'),
    )
  declarePermissionOptions(command)
  declareAdmission(command)
}

function declareSessions(root: Command, on: Bind): void {
  root.commandsGroup('Sessions:')
  const sessions = root.command('sessions').alias('session').description('list, show, make, change and close sessions')
  sessions
    .command('ls', { isDefault: true })
    .alias('list')
    .description('list sessions, newest first')
    .option('--all', 'closed ones too')
    .option('-a, --agent <name>', 'of one agent')
    .option('--blocked', 'those that wait for a decision')
    .option('--parent <id|key>', 'those that work for a session')
    .option('--label <text>', 'whose label begins so')
    .option('--limit <n>', 'at most so many', positiveInteger, 50)
    .action(on(async () => (await import('./commands/sessions-ls.ts')).sessionsLs))
  sessions
    .command('show')
    .description('show a session and its latest turns')
    .argument('<session>', 'id or key')
    .action(on(async () => (await import('./commands/sessions-show.ts')).sessionsShow))
  declareFamily(sessions, on)
  declareOptions(sessions, on)
  sessions
    .command('close')
    .description('cancel what runs, end the agent, close the session')
    .argument('<session>', 'id or key')
    .option('--delete-conversation', 'also what the agent keeps of it, if the agent can delete that')
    .action(on(async () => (await import('./commands/sessions-close.ts')).sessionsClose))
  sessions
    .command('export')
    .description('write the log of a session to a file, also what can be read of a damaged one')
    .argument('[session]', 'id or key')
    .argument('[file]', 'where to; it is there whole or not at all')
    .option('--force', 'replace the file if it is there')
    .option('--verify <file>', 'only look whether an exported file is whole')
    .action(on(async () => (await import('./commands/sessions-export.ts')).sessionsExport))
  root
    .command('events')
    .description('print the event log of a session')
    .argument('<session>', 'id or key')
    .option('-f, --follow', 'go on as events happen, over reconnects')
    .option('--after <seq>', 'only later events', wholeNumber, 0)
    .action(on(async () => (await import('./commands/events.ts')).events))
  root
    .command('explain')
    .description('what a session waits for, and what ends the wait')
    .argument('<session>', 'id or key')
    .action(on(async () => (await import('./commands/explain.ts')).explain))
  declarePermissions(root, on)
  declareQuestions(root, on)
  declareAgents(root, on)
}

function declareOptions(sessions: Command, on: Bind): void {
  const set = sessions
    .command('set')
    .description('choose mode, model, thinking, config.<id>, turn_timeout_seconds or continuity; an empty value clears')
    .argument('<session>', 'id or key')
    .argument('[name=value...]', 'what is to hold from now on')
    .action(on(async () => (await import('./commands/sessions-set.ts')).sessionsSet))
  declareEquipment(set, '; none takes all away')
  sessions
    .command('reset')
    .description('clear the options, or begin another conversation; ends the agent')
    .argument('<session>', 'id or key')
    .addOption(new Option('--what <what>', 'what is cleared').choices([...RESET_WHAT]).makeOptionMandatory())
    .option('--force', 'cancel a running turn first')
    .action(on(async () => (await import('./commands/sessions-set.ts')).sessionsReset))
}

function declareFamily(sessions: Command, on: Bind): void {
  const ensure = sessions
    .command('ensure')
    .description('the session with a key, made if there is none')
    .argument('<key>', 'letters, digits and . _ : @ -; case does not count')
    .option('-a, --agent <name>', 'agent (default: the only one)')
    .option('--cwd <dir>', 'working directory (default: this one)')
    .addOption(new Option('--mode <what>', 'one prompt, or many').choices(['persistent', 'oneshot']))
    .action(on(async () => (await import('./commands/sessions-ensure.ts')).sessionsEnsure))
  declareEquipment(ensure)
  const adopt = sessions
    .command('adopt')
    .description('list the sessions that an agent has of its own; with --id go on with one')
    .option('-a, --agent <name>', 'agent (default: the only one)')
    .option('--id <id>', "the agent's own id of the session")
    .option('--key <key>', 'key for the session')
    .option('--label <text>', 'free text for people (default: the title that the agent gave it)')
    .option('--cwd <dir>', 'working directory (default: the one that the agent says)')
    .action(on(async () => (await import('./commands/sessions-adopt.ts')).sessionsAdopt))
  declareEquipment(adopt)
  sessions
    .command('fork')
    .description('a new session that begins with what was said in this one')
    .argument('<session>', 'id or key')
    .option('--key <key>', 'key for the new session')
    .option('--label <text>', 'free text for people')
    .action(on(async () => (await import('./commands/sessions-fork.ts')).sessionsFork))
  const edit = sessions
    .command('edit')
    .description('change what is said of a session; none takes it away')
    .argument('<session>', 'id or key')
    .action(on(async () => (await import('./commands/sessions-ensure.ts')).sessionsEdit))
  for (const command of [ensure, edit])
    command
      .option('--label <text>', 'free text for people')
      .option('--parent <id|key>', 'the session that it works for')
      .addOption(new Option('--notify <what>', 'what the parent is told').choices([...NOTIFY]))
}

function declareTasks(root: Command, on: Bind): void {
  const tasks = root.command('tasks').alias('task').description('turns of sessions that work for another one')
  tasks
    .command('ls', { isDefault: true })
    .alias('list')
    .description('list tasks, newest first')
    .option('--parent <id|key>', 'of one session')
    .option('--limit <n>', 'at most so many', positiveInteger, 50)
    .action(on(async () => (await import('./commands/tasks.ts')).tasksLs))
  tasks
    .command('show')
    .description('show a task')
    .argument('<task>', 'task id')
    .action(on(async () => (await import('./commands/tasks.ts')).tasksShow))
  tasks
    .command('cancel')
    .description('cancel the turn that a task is')
    .argument('<task>', 'task id')
    .action(on(async () => (await import('./commands/tasks.ts')).tasksCancel))
}
