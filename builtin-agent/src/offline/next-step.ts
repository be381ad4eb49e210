// Decides what the offline model does next: from the last prompt, and from the results of its calls since then. Pure.

import type { JsonObject } from '../../../src/base/json.ts'
import { greeting, HELP, notUnderstood } from './replies.ts'
import { hasEffect, type Request, requestsOf, stepName } from './requests.ts'

export interface Situation {
  /** What the user wrote last. */
  readonly prompt: string
  /** Prompts so far, this one included. */
  readonly prompts: number
  /** Results of calls since the prompt, oldest first. */
  readonly results: readonly StepResult[]
  /** Names of the tools that are offered now. */
  readonly tools: readonly string[]
}

export interface StepResult {
  readonly tool: string
  readonly text: string
  readonly isError: boolean
}

export interface NextStep {
  readonly say: string
  readonly call: { readonly tool: string; readonly args: JsonObject } | undefined
}

export function nextStep(situation: Situation): NextStep {
  const { prompt, prompts, results, tools } = situation
  const requests = requestsOf(prompt)
  const [only] = requests
  if (requests.length === 1 && only?.kind === 'talk') return answer(notUnderstood(prompt))
  if (requests.length === 1 && only?.kind === 'help') return answer(HELP)
  if (requests.length === 1 && only?.kind === 'count') return answer(greeting(prompts === 1) + numbersTo(only.to))
  const hello = results.length === 0 ? greeting(prompts === 1) : ''
  const refused = results.at(-1)
  if (refused?.isError === true) return answer(`That did not work, so I stop here: ${reasonOf(refused)}`)
  if (tools.includes('finish_plan') && requests.some(hasEffect)) return presentPlan(requests, hello)
  const done = results.filter(({ tool }) => tool !== 'plan' && tool !== 'finish_plan')
  const plan = requests.length > 1 ? planOf(requests, done.length) : undefined
  const plansShown = results.filter(({ tool }) => tool === 'plan').length
  if (plan !== undefined && plansShown <= done.length) return { say: hello, call: { tool: 'plan', args: plan } }
  const request = requests[done.length]
  if (request === undefined) return answer(lastWords(requests, done))
  const before = saidOf(done.at(-1), requests[done.length - 1])
  return { say: hello + before, call: callOf(request) }
}

function answer(say: string): NextStep {
  return { say, call: undefined }
}

function presentPlan(requests: readonly Request[], hello: string): NextStep {
  const plan = requests.map((request, n) => `${n + 1}. ${stepName(request)}`).join('\n')
  return { say: `${hello}I am to plan first. This is my plan.\n\n`, call: { tool: 'finish_plan', args: { plan } } }
}

function planOf(requests: readonly Request[], done: number): JsonObject {
  const status = (n: number): string => (n < done ? 'completed' : n === done ? 'in_progress' : 'pending')
  return { steps: requests.map((request, n) => ({ content: stepName(request), status: status(n) })) }
}

function lastWords(requests: readonly Request[], done: readonly StepResult[]): string {
  const said = saidOf(done.at(-1), requests.at(-1))
  return requests.length > 1 ? `${said}All ${requests.length} steps are done.` : said.trimEnd()
}

/** What the user is told about a step that is done. */
function saidOf(result: StepResult | undefined, request: Request | undefined): string {
  if (result === undefined || request === undefined) return ''
  switch (request.kind) {
    case 'create':
      return `Done: ${request.path} is written.\n\n`
    case 'replace':
      return `Done: ${request.path} is changed.\n\n`
    case 'count':
    case 'help':
    case 'talk':
      return ''
    case 'read':
    case 'list':
    case 'search':
    case 'run':
      return `${stepName(request)} gave:\n\n\`\`\`\n${result.text.trimEnd()}\n\`\`\`\n\n`
    default:
      return request satisfies never
  }
}

function callOf(request: Request): NextStep['call'] {
  switch (request.kind) {
    case 'create':
      return { tool: 'write', args: { path: request.path, content: `${request.text}\n` } }
    case 'replace':
      return { tool: 'edit', args: { path: request.path, old_string: request.from, new_string: request.to } }
    case 'read':
      return { tool: 'read', args: { path: request.path } }
    case 'list':
      return { tool: 'find', args: { glob: request.glob } }
    case 'search':
      return { tool: 'search', args: { pattern: request.pattern } }
    case 'run':
      return { tool: 'shell', args: { command: request.command } }
    case 'count':
    case 'help':
    case 'talk':
      return undefined
    default:
      return request satisfies never
  }
}

function numbersTo(to: number): string {
  return `${Array.from({ length: to }, (_, n) => n + 1).join(', ')}.`
}

/** How a command ended is in its last line; what else there is to say is in the first. */
function reasonOf({ tool, text }: StepResult): string {
  const lines = text.trim().split('\n')
  return (tool === 'shell' ? lines.at(-1) : lines[0]) ?? ''
}
