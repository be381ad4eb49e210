// The commands about questions of agents. Declared here, done in commands/.

import { Option } from 'commander'
import type { Command } from 'commander'
import { pageLimit } from './program-values.ts'
import type { Bind } from './program.ts'

const HISTORY_LIMIT = 50

export function declareQuestions(root: Command, on: Bind): void {
  const questions = root.command('questions').alias('question').description('what agents ask of you: forms and pages')
  questions
    .command('ls', { isDefault: true })
    .alias('list')
    .description('list questions that wait for an answer')
    .option('-s, --session <id|key>', 'of one session')
    .option('-f, --follow', 'go on as questions come and are answered')
    .addOption(new Option('--history', 'those that are over too: who answered, and when').conflicts('follow'))
    .option('--limit <n>', 'at most so many of the history', pageLimit, HISTORY_LIMIT)
    .action(on(async () => (await import('./commands/questions-ls.ts')).questionsLs))
}

/** Of `answer`, which stands with the prompts. */
export function declareAnswer(root: Command, on: Bind): void {
  root
    .command('answer')
    .description('answer a question of an agent; at a terminal it asks you field by field')
    .argument('<question>', 'question id')
    .option('--accept', 'yes: with the defaults of the form, or: you will open the page')
    .option('--set <field=value>', 'fill in a field; give it again for each field and each choice', collect)
    .option('--decline', 'no')
    .option('--cancel', 'dismiss it without a choice')
    .action(on(async () => (await import('./commands/answer.ts')).answer))
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}
