// `npm run build` (or `node tools/build.ts DIRECTORY`): dist as published. The programs are bundled, because finding and linking some hundred small modules is most of a
// start; the client stays a module of its own with its types. What is read at run time is copied beside the code that reads it.

import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

import { rolldown } from 'rolldown'

import { ROOT, runStep } from './run-step.ts'

const DIST = resolve(process.argv[2] ?? join(ROOT, 'dist'))

/** Path in dist -> source. Everything that is shared between them lies in chunks in `dist/bin`, next to the assets. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'bin/holdfast': 'src/bin/holdfast.ts',
  'bin/keeper': 'src/bin/keeper.ts',
  'demo-agent/main': 'src/demo-agent/main.ts',
}

/** Installed beside us. The schema library is bundled: as 700 files it costs more at a start than all of our code. */
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
  await build.write({
    dir: DIST,
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'bin/[name]-[hash].js',
  })
  await build.close()
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
