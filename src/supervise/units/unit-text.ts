// Text of a systemd unit: sections, and the quoting of systemd.syntax(7). Knows no unit of ours.

import { HoldfastError } from '../../base/errors.ts'

/** Name and value as they are to stand there, in order; a name may come again. */
export type UnitLine = readonly [name: string, value: string | number]

export interface UnitSection {
  readonly title: 'Unit' | 'Service' | 'Socket' | 'Install'
  readonly lines: readonly UnitLine[]
}

/** Begins with `head`, each line of which becomes a comment. */
export function unitText(head: readonly string[], sections: readonly UnitSection[]): string {
  const comments = head.map((line) => `# ${line}\n`).join('')
  const bodies = sections.map(({ title, lines }) => {
    return `[${title}]\n${lines.map(([name, value]) => `${name}=${value}\n`).join('')}`
  })
  return `${comments}\n${bodies.join('\n')}`
}

/** `NAME=value` for Environment=. SUPERVISOR_UNAVAILABLE for what a unit cannot hold. */
export function environmentAssignment(name: string, value: string): string {
  return quote(`${name}=${value}`)
}

/** argv for ExecStart=: nothing of it is a specifier, a variable or a second word. SUPERVISOR_UNAVAILABLE for what a unit cannot hold. */
export function commandLine([program, ...args]: readonly [string, ...string[]]): string {
  return [quote(program), ...args.map((argument) => quote(argument).replaceAll('$', '$$$$'))].join(' ')
}

/** The value of a variable that a unit of ours sets; undefined when it does not. The reverse of `environmentAssignment`. */
export function readEnvironment(unit: string, name: string): string | undefined {
  for (const [, quoted] of unit.matchAll(/^Environment=(.*)$/gm)) {
    const text = quoted!.startsWith('"') ? quoted!.slice(1, -1).replaceAll(/\\(.)/g, '$1') : quoted!
    const assignment = text.replaceAll('%%', '%')
    if (assignment.startsWith(`${name}=`)) return assignment.slice(name.length + 1)
  }
  return undefined
}

/** A path where no quotes are read, as in ListenStream= and WorkingDirectory=. */
export function barePath(path: string): string {
  return checked(path).replaceAll('%', '%%')
}

/** Plain words stay plain, so that people can read a unit. */
function quote(word: string): string {
  const escaped = checked(word).replaceAll('%', '%%')
  if (/^[\w@%+=:,./-]+$/.test(escaped)) return escaped
  return `"${escaped.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** A line is a line: no escape brings every control character through every version of systemd. */
function checked(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  if (!/[\u0000-\u001f\u007f]/.test(text)) return text
  const reason = `a unit cannot hold a line break or a control character: ${JSON.stringify(text)}`
  throw new HoldfastError('SUPERVISOR_UNAVAILABLE', { reason })
}
