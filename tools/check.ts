// `npm run check`: every gate that is not a test, side by side. One line per step; the whole output of those that failed.

import { ROOT, runStep } from './run-step.ts'
import type { Step, StepResult } from './run-step.ts'

const STEPS: readonly Step[] = [
  { name: 'types', command: ['tsc', '-p', ROOT] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'format', command: ['oxfmt', '--check'] },
  { name: 'layers', command: ['node', 'tools/check-layers.ts'] },
  { name: 'layers, planted', command: ['node', 'tools/check-layers.ts', '--planted'] },
  { name: 'lock file', command: ['node', 'tools/check-lock.ts'] },
  { name: 'unused', command: ['knip', '--no-progress'] },
  { name: 'docs fresh', command: ['node', 'tools/gen-docs.ts', '--check'] },
  { name: 'statements fresh', command: ['node', 'tools/gen-statements.ts', '--check'] },
  { name: 'validators fresh', command: ['node', 'tools/gen-acp-validators.ts', '--check'] },
]

const PARALLEL = 2

async function main(only: readonly string[]): Promise<number> {
  const startedAt = performance.now()
  const waiting = STEPS.filter((step) => only.length === 0 || only.includes(step.name))
  if (waiting.length === 0) {
    console.log(`no such step; there are: ${STEPS.map((step) => step.name).join(', ')}`)
    return 1
  }
  const results: StepResult[] = []
  const work = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const result = await runStep(step)
      results.push(result)
      console.log(`${result.ok ? 'ok    ' : 'FAILED'} ${seconds(result.ms)} ${result.name}`)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  const failed = results.filter((result) => !result.ok)
  for (const { name, output } of failed) console.log(`\n--- ${name}\n${output.trimEnd()}`)
  console.log(
    `\n${results.length - failed.length} of ${results.length} steps passed in ${seconds(performance.now() - startedAt).trim()}`,
  )
  return failed.length === 0 ? 0 : 1
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(5)} s`
}

process.exitCode = await main(process.argv.slice(2))
