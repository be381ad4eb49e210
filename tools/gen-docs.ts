// Writes the generated pages of docs/. `--check`: writes nothing and fails when one of them is not what would be written.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { agentsPage } from './docs/agents-page.ts'
import { cliPage } from './docs/cli-page.ts'
import { configPage } from './docs/config-page.ts'
import { errorsPage } from './docs/errors-page.ts'
import { openApiDocument } from './docs/openapi-document.ts'
import { ROOT } from './run-step.ts'

const PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/agents.md': agentsPage,
  'docs/errors.md': errorsPage,
  'docs/config.md': configPage,
  'docs/cli.md': cliPage,
  'docs/openapi.json': openApiDocument,
}

async function main(isCheck: boolean): Promise<number> {
  let stale = 0
  for (const [path, render] of Object.entries(PAGES)) {
    const wanted = await render()
    const file = join(ROOT, path)
    if (existsSync(file) && readFileSync(file, 'utf8') === wanted) continue
    stale++
    if (!isCheck) writeFileSync(file, wanted)
    console.log(isCheck ? `${path} is not fresh; run: npm run docs` : `wrote ${path}`)
  }
  console.log(`${Object.keys(PAGES).length} pages, ${stale} ${isCheck ? 'stale' : 'written'}`)
  return isCheck && stale > 0 ? 1 : 0
}

process.exitCode = await main(process.argv.includes('--check'))
