// `node bench/profile.ts <turn|stream> [repeats]`: a CPU profile of the gateway under one load, as a table of self time.
// The profile itself stays in .holdfast/profiles, for the tools of a browser.

import { globSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { World } from './world.ts'

interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const LOADS = {
  turn: { text: 'turn', repeats: 3_000 },
  stream: { text: 'stream 10000', repeats: 20 },
} as const
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const INTERVAL_US = 200
const ROWS = 40

const [, , load = 'turn', repeats] = process.argv
if (load !== 'turn' && load !== 'stream') throw new Error('usage: node bench/profile.ts <turn|stream> [repeats]')
const { text, repeats: usual } = LOADS[load]
process.stdout.write(render(load, await profile(text, Number(repeats ?? usual))))

/** Runs the load on a gateway of its own; resolves with the profile of its main thread. */
async function profile(prompt: string, count: number): Promise<Profile> {
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

function render(name: string, { nodes, samples, timeDeltas }: Profile): string {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]))
  const selfUs = new Map<string, number>()
  samples.forEach((id, i) => {
    const place = places.get(id) ?? '?'
    selfUs.set(place, (selfUs.get(place) ?? 0) + (timeDeltas[i] ?? 0))
  })
  selfUs.delete('(idle)')
  const busyUs = [...selfUs.values()].reduce((sum, us) => sum + us, 0)
  const rows = [...selfUs].toSorted((a, b) => b[1] - a[1]).slice(0, ROWS)
  const lines = rows.map(
    ([place, us]) =>
      `${((us / busyUs) * 100).toFixed(1).padStart(5)} %  ${(us / 1000).toFixed(0).padStart(6)} ms  ${place}`,
  )
  return `${name}: self time of ${(busyUs / 1000).toFixed(0)} ms that were not idle\n${lines.join('\n')}\n`
}

function placeOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const file = url.replace(`file://${ROOT}`, '')
  const name = functionName === '' ? '(anonymous)' : functionName
  return url === '' ? name : `${name}  ${file}:${lineNumber + 1}`
}
