// `npm run build` (or `node tools/build.ts DIRECTORY`): dist as published. The programs are bundled, because finding and linking some hundred small modules is most of a
// start; the client stays a module of its own with its types. What is read at run time is copied beside the code that reads it.

import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'

import { type OutputChunk, rolldown } from 'rolldown'

import { writeNotices } from './notices.ts'
import { ROOT, runStep } from './run-step.ts'

const DIST = resolve(process.argv[2] ?? join(ROOT, 'dist'))

/** Path in dist -> source. Everything that is shared between them lies in chunks in `dist/bin`, next to the assets. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'bin/holdfast': 'src/bin/holdfast.ts',
  'bin/keeper': 'src/bin/keeper.ts',
  'agent/main': 'builtin-agent/src/main.ts',
}

/**
 * Installed beside us are the dependencies, but for the schema library: as 700 files it costs more at a start than all of our code. What
 * only the workspaces depend on is bundled, too: the part of it that we use is a twentieth of what would be installed.
 */
const BUNDLED = ['typebox']

async function main(): Promise<number> {
  rmSync(DIST, { recursive: true, force: true })
  const emitted = await runStep({
    name: 'emit',
    command: ['tsc', '-p', join(ROOT, 'tsconfig.build.json'), '--outDir', DIST],
  })
  process.stdout.write(emitted.output)
  if (!emitted.ok) return 1
  await bundle()
  const assets = copyAssets()
  const missing = findMissing()
  for (const finding of missing) console.log(finding)
  console.log(`dist: ${globSync('**/*.js', { cwd: DIST }).length} modules, ${assets} assets`)
  return missing.length === 0 ? 0 : 1
}

async function bundle(): Promise<void> {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const external = Object.keys(dependencies).filter((name) => !BUNDLED.includes(name))
  const build = await rolldown({
    cwd: ROOT,
    input: { ...PROGRAMS, ...threads() },
    platform: 'node',
    external: external.flatMap((name) => [name, new RegExp(`^${RegExp.escape(name)}/`)]),
  })
  const { output } = await build.write({
    dir: DIST,
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'bin/[name]-[hash].js',
  })
  await build.close()
  const chunks = output.filter((file) => file.type === 'chunk')
  assertInstalled(chunks, external)
  writeNotices(
    chunks.flatMap(({ moduleIds }) => moduleIds),
    join(DIST, 'THIRD-PARTY.txt'),
  )
}

/** A package that imports what nobody installs does not start; in a checkout it would. */
function assertInstalled(chunks: readonly OutputChunk[], dependencies: readonly string[]): void {
  const own = new Set(chunks.map(({ fileName }) => fileName))
  const imports = new Set(chunks.flatMap((chunk) => [...chunk.imports, ...chunk.dynamicImports]))
  const isThere = (name: string): boolean =>
    own.has(name) || isBuiltin(name) || dependencies.some((one) => name === one || name.startsWith(`${one}/`))
  const missing = [...imports].filter((name) => !isThere(name))
  if (missing.length > 0) throw new Error(`not a dependency of the package: ${missing.join(', ')}`)
}

/** A thread is started by its file, beside the code that starts it. */
function threads(): Record<string, string> {
  const files = globSync('src/**/*-worker.ts', { cwd: ROOT })
  return Object.fromEntries(files.map((file) => [`bin/${basename(file, '.ts')}`, file]))
}

/** `./x` of a module is `./x` of its chunk: the folder of the source is left out. */
function copyAssets(): number {
  const assets = globSync('src/**/*.{sql,sh,html,service,plist}', { cwd: ROOT })
  for (const asset of assets) {
    const target = join(DIST, 'bin', asset.split('/').slice(2).join('/'))
    if (existsSync(target)) throw new Error(`two assets are named ${target}`)
    mkdirSync(dirname(target), { recursive: true })
    copyFileSync(join(ROOT, asset), target)
  }
  return assets.length
}

/** What a chunk reads beside itself must be there: nothing but a start of the package would notice otherwise. */
function findMissing(): string[] {
  return globSync('**/*.js', { cwd: DIST }).flatMap((path) => {
    const text = readFileSync(join(DIST, path), 'utf8')
    const uses = [...text.matchAll(/new URL\(\s*['"`]([^'"`$]+)['"`],\s*import\.meta\.url/g)].map((match) => match[1]!)
    return uses
      .filter((use) => !existsSync(join(DIST, dirname(path), use)))
      .map((use) => `dist/${path}: no file ${use}`)
  })
}

process.exitCode = await main()
