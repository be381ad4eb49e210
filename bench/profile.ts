// `node bench/profile.ts <start|turn|stream> [repeats]`: a CPU profile of the gateway under one load, by folder and by function.
// The profile itself stays in .holdfast/profiles, for the tools of a browser.

import { globSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { World } from './world.ts'

interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly children?: readonly number[]
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const LOADS = {
  start: { text: 'turn', repeats: 0 },
  turn: { text: 'turn', repeats: 3_000 },
  stream: { text: 'stream 10000', repeats: 20 },
} as const
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const INTERVAL_US = 200
const ROWS = 40

const [, , load = 'turn', repeats] = process.argv
if (!isLoad(load)) throw new Error('usage: node bench/profile.ts <start|turn|stream> [repeats]')
const { text, repeats: usual } = LOADS[load]
process.stdout.write(render(load, await profileGateway(text, Number(repeats ?? usual))))

function isLoad(name: string): name is keyof typeof LOADS {
  return name in LOADS
}

/** Runs the load on a gateway of its own; resolves with the profile of its main thread. */
async function profileGateway(prompt: string, count: number): Promise<Profile> {
  const directory = join(ROOT, '.holdfast', 'profiles', String(Date.now()))
  mkdirSync(directory, { recursive: true })
  {
    await using world = new World('gateway')
    await using scope = new AsyncDisposableStack()
    const execArgv = ['--cpu-prof', `--cpu-prof-dir=${directory}`, `--cpu-prof-interval=${INTERVAL_US}`]
    const { side, session } = await world.openSide('gateway', world.newHome(), { scope, execArgv })
    await side.prompt(session, prompt, count)
  }
  const files = globSync('*.cpuprofile', { cwd: directory }).map((name) => join(directory, name))
  const largest = files.toSorted((a, b) => statSync(b).size - statSync(a).size)[0]
  if (largest === undefined) throw new Error('the gateway left no profile')
  process.stderr.write(`${largest}\n`)
  return JSON.parse(readFileSync(largest, 'utf8')) as Profile
}

function render(name: string, profile: Profile): string {
  const functions = sum(profile, new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)])))
  const busyUs = [...functions.values()].reduce((total, us) => total + us, 0)
  const table = (us: ReadonlyMap<string, number>): string =>
    [...us]
      .toSorted((a, b) => b[1] - a[1])
      .slice(0, ROWS)
      .map(([key, time]) => `${((time / busyUs) * 100).toFixed(1).padStart(5)} %  ${ms(time)} ms  ${key}`)
      .join('\n')
  const head = `${name}: ${ms(busyUs).trim()} ms that were not idle, start of the gateway included`
  return `${head}\n\nby nearest folder of ours or package\n${table(sum(profile, ownersOf(profile)))}\n\nself time\n${table(functions)}\n`
}

function ms(us: number): string {
  return (us / 1000).toFixed(0).padStart(6)
}

/** Sampled time by what `keys` says of the sampled node. */
function sum({ samples, timeDeltas }: Profile, keys: ReadonlyMap<number, string>): Map<string, number> {
  const us = new Map<string, number>()
  samples.forEach((id, i) => {
    const key = keys.get(id) ?? '?'
    us.set(key, (us.get(key) ?? 0) + (timeDeltas[i] ?? 0))
  })
  us.delete('(idle)')
  return us
}

/** For each node the folder of `src` or the package that called it last: what the runtime does, it does for somebody. */
function ownersOf({ nodes }: Profile): Map<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const owners = new Map<number, string>()
  const walk = (id: number, inherited: string): void => {
    const { callFrame, children = [] } = byId.get(id)!
    const owner = ownerOf(callFrame) ?? inherited
    owners.set(id, owner)
    for (const child of children) walk(child, owner)
  }
  walk(nodes[0]!.id, 'node')
  return owners
}

function ownerOf({ functionName, url }: Profile['nodes'][number]['callFrame']): string | undefined {
  if (functionName.startsWith('(') && functionName !== '(anonymous)' && functionName !== '(root)') return functionName
  return /\/(src\/[^/]+|node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]
}

function placeOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const file = url.replace(`file://${ROOT}`, '')
  const name = functionName === '' ? '(anonymous)' : functionName
  return url === '' ? name : `${name}  ${file}:${lineNumber + 1}`
}
