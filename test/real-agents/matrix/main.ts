// `npm run matrix [-- names]`: every agent, or those named, one after the other; then docs/agent-matrix.md. Exit 1 when one could not be tried.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { MATRIX_AGENTS } from './agents.ts'
import { matrixPage } from './page.ts'
import { runAgent } from './run-agent.ts'
import type { AgentResult } from './run-agent.ts'

const RESULTS = join(import.meta.dirname, 'results.gen.json')
const PAGE = join(import.meta.dirname, '../../../docs/agent-matrix.md')

async function main(names: readonly string[]): Promise<number> {
  const known = MATRIX_AGENTS.map(({ id }) => id)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    console.error(`no such agent: ${unknown.join(', ')}. There are: ${known.join(', ')}`)
    return 2
  }
  const results = new Map(readResults().map((result) => [result.id, result]))
  let problems = 0
  for (const agent of MATRIX_AGENTS.filter(({ id }) => names.length === 0 || names.includes(id))) {
    console.log(`${agent.id}: ${agent.packages.join(', ')}`)
    const result = await runAgent(agent, (line) => console.log(line))
    if (result.problem !== undefined) problems += 1
    results.set(agent.id, result)
    write(known.flatMap((id) => results.get(id) ?? []))
  }
  return problems === 0 ? 0 : 1
}

function readResults(): readonly AgentResult[] {
  return existsSync(RESULTS) ? (JSON.parse(readFileSync(RESULTS, 'utf8')) as AgentResult[]) : []
}

/** After each agent: a run that is interrupted keeps what it has. */
function write(results: readonly AgentResult[]): void {
  writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(PAGE, matrixPage(results))
}

process.exitCode = await main(process.argv.slice(2))
