// What a patch in git's format says about each file, hunk by hunk: the lines before and after. Pure; what is no hunk is left out.

export interface Hunk {
  readonly before: string
  readonly after: string
}

/** By path, as the patch names it without `a/` and `b/`; a file that is deleted by its old one. */
export function readGitPatch(text: string): ReadonlyMap<string, readonly Hunk[]> {
  const files = new Map<string, Hunk[]>()
  let old = ''
  let hunks: Hunk[] = []
  let open: { before: string[]; after: string[] } | undefined
  const close = (): void => {
    if (open !== undefined) hunks.push({ before: textOf(open.before), after: textOf(open.after) })
    open = undefined
  }
  for (const line of text.split('\n')) {
    const isHead = open === undefined || line.startsWith('diff --git ')
    if (line.startsWith('@@')) {
      close()
      open = { before: [], after: [] }
    } else if (isHead) {
      close()
      if (line.startsWith('--- ')) old = pathOf(line)
      if (line.startsWith('+++ ')) files.set(line.startsWith('+++ /dev/null') ? old : pathOf(line), (hunks = []))
    } else if (open !== undefined) addLine(open, line)
  }
  close()
  return files
}

function addLine({ before, after }: { before: string[]; after: string[] }, line: string): void {
  const rest = line.slice(1)
  if (line.startsWith('-') || line.startsWith(' ')) before.push(rest)
  if (line.startsWith('+') || line.startsWith(' ')) after.push(rest)
}

function textOf(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

/** `--- a/dir/file`, with a tab and a date behind it from other tools. */
function pathOf(line: string): string {
  const path = (line.slice(4).split('\t')[0] ?? '').replace(/^"(?<inner>.*)"$/, '$<inner>')
  return path.replace(/^[ab]\//, '')
}
