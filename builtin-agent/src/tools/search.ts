// The tools that look for files and for text in them. They walk the directory in slices, so that a large one never holds the process.

import { type Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, matchesGlob, relative, sep } from 'node:path'
import { createContext, Script } from 'node:vm'

import { cutText } from './cut-text.ts'
import { readDiskText } from './disk.ts'
import { stringArg } from './ground.ts'
import { readingOf } from './outside.ts'
import { type Tool, ToolFailure } from './tool.ts'

const FILES_MAX = 20_000
const NAMES_SHOWN = 500
const HITS_SHOWN = 200
const HIT_CHARS_MAX = 300
const FILE_CHARS_MAX = 1_000_000
/** For all lines of one file. */
const MATCH_MS = 1_000
/** Directories that hold what nobody wrote. */
const SKIPPED = new Set(['.git', '.hg', '.svn', 'node_modules', '.venv', '__pycache__'])

const WHERE = { type: 'string', description: 'Directory; the working directory when absent' }

export const findTool: Tool = {
  name: 'find',
  description: `Lists files below a directory whose path matches a glob such as '**/*.ts'. Leaves out ${[...SKIPPED].join(', ')}.`,
  parameters: {
    type: 'object',
    properties: { glob: { type: 'string', description: "All files when absent: '**'" }, path: WHERE },
  },
  kind: 'search',
  offeredIn: 'always',
  title: (args) => `Find ${stringArg(args, 'glob') || 'files'}`,
  async prepare(args, ground) {
    const { path, isInside } = await ground.roots.find(stringArg(args, 'path') || '.')
    const glob = stringArg(args, 'glob') || '**'
    return {
      locations: [{ path }],
      ...readingOf(join(path, '*'), isInside),
      run: async (_progress, signal) => {
        const names: string[] = []
        for await (const file of walk(path, signal)) if (matchesAny(relative(path, file), glob)) names.push(file)
        if (names.length === 0) return { text: 'No file matches.' }
        const shown = names
          .toSorted()
          .slice(0, NAMES_SHOWN)
          .map((name) => ground.roots.show(name))
        const rest = names.length - shown.length
        return { text: cutText(rest > 0 ? `${shown.join('\n')}\n… ${rest} more` : shown.join('\n')) }
      },
    }
  },
}

export const searchTool: Tool = {
  name: 'search',
  description:
    'Looks for a regular expression (JavaScript) in the text files below a directory; gives file, line and text.',
  parameters: {
    type: 'object',
    properties: {
      pattern: { type: 'string' },
      path: WHERE,
      glob: { type: 'string', description: 'Only in files whose path matches' },
    },
    required: ['pattern'],
  },
  kind: 'search',
  offeredIn: 'always',
  title: (args) => `Search for ${stringArg(args, 'pattern')}`,
  async prepare(args, ground) {
    const { path, isInside } = await ground.roots.find(stringArg(args, 'path') || '.')
    const pattern = patternOf(stringArg(args, 'pattern'))
    const glob = stringArg(args, 'glob') || '**'
    return {
      locations: [{ path }],
      ...readingOf(join(path, '*'), isInside),
      run: async (_progress, signal) => {
        const hits: string[] = []
        for await (const file of walk(path, signal)) {
          if (!matchesAny(relative(path, file) || file, glob)) continue
          hits.push(...(await hitsIn(file, pattern)).map((hit) => `${ground.roots.show(file)}:${hit}`))
          if (hits.length >= HITS_SHOWN) break
        }
        if (hits.length === 0) return { text: 'Nothing matches.' }
        const more = hits.length >= HITS_SHOWN ? '\n… and maybe more; search for less.' : ''
        return { text: cutText(hits.slice(0, HITS_SHOWN).join('\n') + more) }
      },
    }
  },
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text, 'u')
  } catch {
    throw new ToolFailure(`${text} is not a regular expression.`)
  }
}

/** `*.ts` means it at any depth, as people write it. */
function matchesAny(path: string, glob: string): boolean {
  return matchesGlob(path, glob) || (!glob.includes('/') && matchesGlob(path, `**/${glob}`))
}

async function hitsIn(file: string, pattern: RegExp): Promise<string[]> {
  const text = await readDiskText(file).catch((error: unknown) => {
    if (error instanceof ToolFailure) return undefined
    throw error
  })
  if (text === undefined || text.length > FILE_CHARS_MAX) return []
  return bounded(() => linesWith(pattern, text))
}

function linesWith(pattern: RegExp, text: string): string[] {
  const hits: string[] = []
  for (const [n, line] of text.split('\n').entries()) {
    if (pattern.test(line)) hits.push(`${n + 1}: ${line.slice(0, HIT_CHARS_MAX).toWellFormed()}`)
    if (hits.length >= HITS_SHOWN) break
  }
  return hits
}

const MATCHING = new Script('work()')

/** A regular expression can take for ever, and a model writes them: it is stopped, and the process goes on. */
function bounded<T>(work: () => T): T {
  let result: { value: T } | undefined
  try {
    MATCHING.runInContext(createContext({ work: () => void (result = { value: work() }) }), { timeout: MATCH_MS })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
  }
  if (result === undefined) throw new ToolFailure(`The expression takes more than ${MATCH_MS} ms for one file.`)
  return result.value
}

/** Files below `root`, or `root` itself when it is one; links are not followed. Ends after FILES_MAX files. */
async function* walk(root: string, signal: AbortSignal): AsyncGenerator<string> {
  const waiting = [root]
  let seen = 0
  for (let folder = waiting.pop(); folder !== undefined && seen < FILES_MAX; folder = waiting.pop()) {
    signal.throwIfAborted()
    for (const entry of await entriesOf(folder, folder === root)) {
      if (entry === 'file') yield folder
      else if (entry.isDirectory() && !SKIPPED.has(entry.name)) waiting.push(join(folder, entry.name))
      else if (entry.isFile() && seen++ < FILES_MAX) yield `${folder}${sep}${entry.name}`
    }
  }
}

async function entriesOf(folder: string, isRoot: boolean): Promise<(Dirent | 'file')[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    if (isRoot && code === 'ENOTDIR') return ['file']
    if (isRoot) throw new ToolFailure(`${folder} cannot be looked through (${code}).`)
    return [] // taken away meanwhile, or not ours to look into
  }
}
