// What the offline model makes of the words of a prompt.

import { describe, expect, test } from 'vitest'

import { nextStep, type Situation, type StepResult } from './next-step.ts'
import { requestsOf } from './requests.ts'

const TOOLS = ['read', 'find', 'search', 'edit', 'write', 'shell', 'plan']

function situation(prompt: string, results: readonly StepResult[] = [], tools = TOOLS): Situation {
  return { prompt, prompts: 2, results, tools }
}

function done(tool: string, text = 'ok'): StepResult {
  return { tool, text, isError: false }
}

test.each([
  ['create hello.txt with hello', [{ kind: 'create', path: 'hello.txt', text: 'hello' }]],
  ['Please create a file src/a.ts containing: "x = 1"', [{ kind: 'create', path: 'src/a.ts', text: 'x = 1' }]],
  ['replace "a b" with c in x.md', [{ kind: 'replace', path: 'x.md', from: 'a b', to: 'c' }]],
  ['read notes.txt.', [{ kind: 'read', path: 'notes.txt' }]],
  ['show Makefile', [{ kind: 'read', path: 'Makefile' }]],
  ['list files', [{ kind: 'list', glob: '**' }]],
  ['list *.ts', [{ kind: 'list', glob: '*.ts' }]],
  ['search for TODO', [{ kind: 'search', pattern: 'TODO' }]],
  ['run `npm test`', [{ kind: 'run', command: 'npm test' }]],
  ['count to 99999', [{ kind: 'count', to: 1_000 }]],
  ['help', [{ kind: 'help' }]],
  ['what can you do?', [{ kind: 'help' }]],
  ['Write a hello file', [{ kind: 'create', path: 'HELLO.md' }]],
  ['fix the bug', [{ kind: 'talk' }]],
  ['', [{ kind: 'talk' }]],
  ['read a.txt, then run ls', [{ kind: 'read' }, { kind: 'run', command: 'ls' }]],
  ['read a.txt\nrun ls', [{ kind: 'read' }, { kind: 'run' }]],
  ['read a.txt then fix the bug', [{ kind: 'talk' }]],
  ['help then help', [{ kind: 'talk' }]],
])('%j is understood', (prompt, expected) => {
  expect(requestsOf(prompt)).toMatchObject(expected)
})

describe('an answer', () => {
  test('says in the first prompt that it is no real model, and not again', () => {
    expect(nextStep({ ...situation('read a'), prompts: 1 }).say).toContain('not a real model')
    expect(nextStep(situation('read a')).say).toBe('')
  })

  test('to anything else names what it can do and how to have a real model', () => {
    const { say, call } = nextStep(situation('make it faster'))
    expect(call).toBeUndefined()
    for (const part of ['"make it faster"', 'create hello.txt', 'ANTHROPIC_API_KEY', 'HOLDFAST_AGENT_BASE_URL'])
      expect(say).toContain(part)
  })

  test('of one step has no plan and ends with what the step gave', () => {
    expect(nextStep(situation('read a')).call).toEqual({ tool: 'read', args: { path: 'a' } })
    expect(nextStep(situation('read a', [done('read', '1\tx')]))).toEqual({
      say: 'Read a gave:\n\n```\n1\tx\n```',
      call: undefined,
    })
  })

  test('of several steps shows its plan before each of them, and at the end', () => {
    const prompt = 'create a with b then read a'
    const calls: string[] = []
    const results: StepResult[] = []
    for (let next = nextStep(situation(prompt)); next.call !== undefined; next = nextStep(situation(prompt, results))) {
      calls.push(next.call.tool)
      results.push(done(next.call.tool))
    }
    expect(calls).toEqual(['plan', 'write', 'plan', 'read', 'plan'])
    expect(nextStep(situation(prompt, results)).say).toContain('All 2 steps are done.')
  })

  test('stops at a step that failed, and says why', () => {
    const failed = { tool: 'write', text: 'The user did not allow this.\nmore', isError: true }
    expect(nextStep(situation('create a with b then read a', [done('plan'), failed]))).toEqual({
      say: 'That did not work, so I stop here: The user did not allow this.',
      call: undefined,
    })
    const ended = { tool: 'shell', text: '(no output)\n\nExit code 3.', isError: true }
    expect(nextStep(situation('run exit 3', [ended])).say).toBe('That did not work, so I stop here: Exit code 3.')
  })

  test('while planning presents a plan when something would change, and only then', () => {
    const planning = ['read', 'plan', 'finish_plan']
    expect(nextStep(situation('run ls', [], planning)).call).toEqual({
      tool: 'finish_plan',
      args: { plan: '1. Run ls' },
    })
    expect(nextStep(situation('read a', [], planning)).call?.tool).toBe('read')
    expect(nextStep(situation('run ls', [done('finish_plan')])).call?.tool).toBe('shell')
  })
})
