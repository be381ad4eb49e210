// `npm run build`: src to dist. tsc emits JavaScript and declarations; what tsc does not emit is copied beside it.
// Fails when the output still names a .ts file at run time.

import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { ROOT, runStep } from './run-step.ts'

const DIST = join(ROOT, 'dist')

async function main(): Promise<number> {
  rmSync(DIST, { recursive: true, force: true })
  const emitted = await runStep({ name: 'emit', command: ['tsc', '-p', join(ROOT, 'tsconfig.build.json')] })
  process.stdout.write(emitted.output)
  if (!emitted.ok) return 1
  removeQueries()
  const assets = copyAssets()
  const leftovers = findLeftovers()
  for (const leftover of leftovers) console.log(leftover)
  console.log(`dist: ${globSync('**/*.js', { cwd: DIST }).length} modules, ${assets} assets`)
  return leftovers.length === 0 ? 0 : 1
}

/** What builds the SQL needs a development tool and has done its work: a package that still loads it must not start. */
function removeQueries(): void {
  for (const path of globSync('store/{query,dialect,schema,tables/*-queries}.js{,.map}', { cwd: DIST })) {
    rmSync(join(DIST, path))
  }
}

function copyAssets(): number {
  const assets = globSync('src/**/*.{sql,sh,json,html,js,cjs,mjs,d.ts}', { cwd: ROOT })
  for (const asset of assets) {
    const target = join(DIST, asset.slice('src/'.length))
    mkdirSync(dirname(target), { recursive: true })
    copyFileSync(join(ROOT, asset), target)
  }
  return assets.length
}

/** `new URL('./worker.ts', import.meta.url)` is not rewritten by tsc and would fail in a package without source. */
function findLeftovers(): string[] {
  return globSync('**/*.js', { cwd: DIST }).flatMap((path) => {
    const text = readFileSync(join(DIST, path), 'utf8')
    const found = text.match(/new URL\(\s*['"`][^'"`]*\.ts['"`]/g) ?? []
    return found.map((use) => `dist/${path}: ${use} names a source file`)
  })
}

process.exitCode = await main()
