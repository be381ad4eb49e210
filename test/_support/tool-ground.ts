// A ground for tests of tools: a temporary directory on disk, a shell that is not there, what was shown kept in lists.

import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { JsonObject } from '../../src/base/json.ts'
import { readDiskText, writeDiskText } from '../../builtin-agent/src/tools/disk.ts'
import type { Ground, PlanStep } from '../../builtin-agent/src/tools/ground.ts'
import { Roots } from '../../builtin-agent/src/tools/roots.ts'
import type { PreparedCall, Tool, ToolOutcome } from '../../builtin-agent/src/tools/tool.ts'

export interface TestGround extends AsyncDisposable {
  readonly ground: Ground
  /** The working directory; beside it is `outside`. */
  readonly cwd: string
  readonly outside: string
  readonly plans: (readonly PlanStep[])[]
}

export async function openGround(more: Partial<Ground> = {}): Promise<TestGround> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'hf-tools-')))
  const cwd = join(root, 'work')
  const outside = join(root, 'outside')
  for (const folder of [cwd, outside]) await mkdir(folder)
  const plans: (readonly PlanStep[])[] = []
  const ground: Ground = {
    roots: await Roots.open(cwd, []),
    shell: { run: () => Promise.reject(new Error('no shell here')) },
    showPlan: (steps) => plans.push(steps),
    leavePlanning: () => {},
    takesImages: false,
    readText: readDiskText,
    writeText: writeDiskText,
    ...more,
  }
  return { ground, cwd, outside, plans, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) }
}

export function prepare(tool: Tool, args: JsonObject, { ground }: TestGround): Promise<PreparedCall> {
  return tool.prepare(args, ground)
}

export async function runTool(tool: Tool, args: JsonObject, at: TestGround): Promise<ToolOutcome> {
  return (await prepare(tool, args, at)).run(() => {}, new AbortController().signal)
}
