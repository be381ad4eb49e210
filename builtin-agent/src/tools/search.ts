// The tools that look for files and for text in them. Whatever was not looked at is said.

import { join, matchesGlob, relative } from 'node:path'
import { createContext, Script } from 'node:vm'

import { cutText } from './cut-text.ts'
import { readDiskText } from './disk.ts'
import { stringArg } from './ground.ts'
import { readingOf } from './outside.ts'
import { type Tool, ToolFailure } from './tool.ts'
import { SKIPPED, Walk } from './walk.ts'

const NAMES_SHOWN = 500
const HITS_SHOWN = 200
const HIT_CHARS_MAX = 300
const FILE_CHARS_MAX = 1_000_000
/** Files that are read, and looked through, at once. */
const BATCH = 16
/** For all lines of a batch. */
const MATCH_MS = 1_000
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
        const walk = new Walk(path, signal)
        const names: string[] = []
        for await (const file of walk.files()) if (matchesAny(relative(path, file), glob)) names.push(file)
        if (names.length === 0) return { text: `No file matches.${walk.leftOut()}` }
        const shown = names
          .toSorted()
          .slice(0, NAMES_SHOWN)
          .map((name) => ground.roots.show(name))
        const rest = names.length - shown.length
        const more = rest > 0 ? `\n… ${rest} more` : ''
        return { text: cutText(shown.join('\n')) + more + walk.leftOut() }
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
        const walk = new Walk(path, signal)
        const wanted = (file: string): boolean => matchesAny(relative(path, file) || file, glob)
        const hits: string[] = []
        for await (const files of inBatches(walk.files(), wanted)) {
          const texts = await Promise.all(files.map((file) => readForSearch(file, walk)))
          hits.push(...hitsIn(texts.flat(), pattern).map(({ file, line }) => `${ground.roots.show(file)}:${line}`))
          if (hits.length >= HITS_SHOWN) break
        }
        if (hits.length === 0) return { text: `Nothing matches.${walk.leftOut()}` }
        const more = hits.length >= HITS_SHOWN ? '\n… and maybe more; search for less.' : ''
        return { text: cutText(hits.slice(0, HITS_SHOWN).join('\n')) + more + walk.leftOut() }
      },
    }
  },
}

/** As models write them: `interface {` is an expression, too, although not one of the strict kind. */
function patternOf(text: string): RegExp {
  for (const flags of ['u', '']) {
    try {
      return new RegExp(text, flags)
    } catch {
      // of the other kind, perhaps
    }
  }
  throw new ToolFailure(`${text} is not a regular expression.`)
}

/** `*.ts` means it at any depth, as people write it. */
function matchesAny(path: string, glob: string): boolean {
  return matchesGlob(path, glob) || (!glob.includes('/') && matchesGlob(path, `**/${glob}`))
}

interface FileText {
  readonly file: string
  readonly text: string
}

interface Hit {
  readonly file: string
  readonly line: string
}

async function* inBatches(
  files: AsyncIterable<string>,
  isWanted: (file: string) => boolean,
): AsyncGenerator<readonly string[]> {
  let batch: string[] = []
  for await (const file of files) {
    if (isWanted(file)) batch.push(file)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** Empty for what cannot be read, is no text, or is too large to look into. */
async function readForSearch(file: string, walk: Walk): Promise<FileText[]> {
  const text = await readDiskText(file, 'show').catch((error: unknown) => {
    if (error instanceof ToolFailure) return undefined
    throw error
  })
  if (text === undefined) return []
  if (text.length <= FILE_CHARS_MAX) return [{ file, text }]
  walk.tooLarge++
  return []
}

const MATCHING = new Script('work()')

/** A regular expression can take for ever, and a model writes them: it is stopped, and the process goes on. ToolFailure. */
function hitsIn(texts: readonly FileText[], pattern: RegExp): Hit[] {
  const hits: Hit[] = []
  let isDone = false
  const work = (): void => {
    for (const { file, text } of texts) hits.push(...linesWith(pattern, text).map((line) => ({ file, line })))
    isDone = true
  }
  try {
    MATCHING.runInContext(createContext({ work }), { timeout: MATCH_MS })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
  }
  if (!isDone) throw new ToolFailure(`The expression takes more than ${MATCH_MS} ms for a few files.`)
  return hits
}

function linesWith(pattern: RegExp, text: string): string[] {
  const hits: string[] = []
  for (const [n, line] of text.split('\n').entries()) {
    if (pattern.test(line)) hits.push(`${n + 1}: ${line.slice(0, HIT_CHARS_MAX).toWellFormed()}`)
    if (hits.length >= HITS_SHOWN) break
  }
  return hits
}
