// The few plain requests that the offline model understands, read from the words of a prompt. Fixed rules, no model.

export type Request =
  | { readonly kind: 'create'; readonly path: string; readonly text: string }
  | { readonly kind: 'replace'; readonly path: string; readonly from: string; readonly to: string }
  | { readonly kind: 'read'; readonly path: string }
  | { readonly kind: 'list'; readonly glob: string }
  | { readonly kind: 'search'; readonly pattern: string }
  | { readonly kind: 'run'; readonly command: string }
  | { readonly kind: 'count'; readonly to: number }
  | { readonly kind: 'help' }
  | { readonly kind: 'talk' }

const COUNT_MAX = 1_000
const STEPS_MAX = 20
const PATH = String.raw`[\`"']?([\w./-]*\w\.?\w*)[\`"']?`

const RULES: readonly { readonly pattern: RegExp; readonly read: (match: readonly string[]) => Request }[] = [
  {
    pattern: new RegExp(String.raw`^(?:please )?create (?:a file )?${PATH} (?:with|containing):? ([^]+)$`, 'i'),
    read: ([, path = '', text = '']) => ({ kind: 'create', path, text: unquoted(text) }),
  },
  {
    pattern: new RegExp(String.raw`^(?:please )?replace ([^]+?) (?:with|by) ([^]+?) in ${PATH}$`, 'i'),
    read: ([, from = '', to = '', path = '']) => ({ kind: 'replace', path, from: unquoted(from), to: unquoted(to) }),
  },
  {
    pattern: new RegExp(String.raw`^(?:please )?(?:read|show|open) (?:the file )?${PATH}$`, 'i'),
    read: ([, path = '']) => ({ kind: 'read', path }),
  },
  {
    pattern: /^(?:please )?(?:list|ls|find)(?: (?:the |all )?files?)?(?: (\S+))?$/i,
    read: ([, glob = '']) => ({ kind: 'list', glob: unquoted(glob) || '**' }),
  },
  {
    pattern: /^(?:please )?(?:search|grep|look)(?: for)? ([^]+)$/i,
    read: ([, pattern = '']) => ({ kind: 'search', pattern: unquoted(pattern) }),
  },
  {
    pattern: /^(?:please )?(?:run|execute) ([^]+)$/i,
    read: ([, command = '']) => ({ kind: 'run', command: command.replace(/^`([^]*)`$/, '$1') }),
  },
  {
    pattern: /^(?:please )?count to (\d{1,6})$/i,
    read: ([, to = '']) => ({ kind: 'count', to: Math.min(Number(to), COUNT_MAX) }),
  },
  { pattern: /^(?:help|\?|what can you do\??)$/i, read: () => ({ kind: 'help' }) },
  {
    pattern: /^(?:please )?(?:write|create) (?:a |me a )?hello(?: |-)?(?:world )?(?:file)?$/i,
    read: () => ({ kind: 'create', path: 'HELLO.md', text: HELLO }),
  },
]

const HELLO = '# Hello\n\nHoldfast wrote this file, after you allowed it.'

/** One request for each part: parts are lines, or separated by "then". Only `talk` when one of them is not understood, or no step. */
export function requestsOf(prompt: string): readonly Request[] {
  const parts = prompt
    .split(/\n+|,? (?:and )?then /i)
    .map((part) => part.trim().replace(/[.!?]+$/, (end) => (end === '?' ? '?' : '')))
    .filter((part) => part !== '')
  const requests = parts.slice(0, STEPS_MAX).map(requestOf)
  const areSteps = requests.length > 0 && requests.every(isStep)
  return areSteps || (requests.length === 1 && requests[0]?.kind !== 'talk') ? requests : [{ kind: 'talk' }]
}

/** A short name of a step, for the plan. */
export function stepName(request: Request): string {
  switch (request.kind) {
    case 'create':
      return `Create ${request.path}`
    case 'replace':
      return `Edit ${request.path}`
    case 'read':
      return `Read ${request.path}`
    case 'list':
      return 'List the files'
    case 'search':
      return `Search for ${request.pattern}`
    case 'run':
      return `Run ${request.command}`
    case 'count':
      return `Count to ${request.to}`
    case 'help':
    case 'talk':
      return 'Answer'
    default:
      return request satisfies never
  }
}

/** Whether it changes something, or runs something that might. */
export function hasEffect({ kind }: Request): boolean {
  return kind === 'create' || kind === 'replace' || kind === 'run'
}

function isStep({ kind }: Request): boolean {
  return kind !== 'talk' && kind !== 'help' && kind !== 'count'
}

function requestOf(part: string): Request {
  for (const { pattern, read } of RULES) {
    const match = pattern.exec(part)
    if (match) return read(match)
  }
  return { kind: 'talk' }
}

function unquoted(text: string): string {
  return text.trim().replace(/^(["'`])([^]*)\1$/, '$2')
}
