// What a tortured agent is asked to do, and what it must have said when its turn is completed.

import type { Random } from '../../model/random.ts'

const MAKERS: readonly [weight: number, make: (random: Random) => string][] = [
  [4, () => 'plain'],
  [5, (random) => `@chunks ${1 + random.int(20)} ${random.int(8)}`],
  [3, (random) => `@sleep ${random.int(80)} @chunks 2`],
  [4, () => '@perm @chunks 1'],
  [1, () => '@perm-twice'],
  [3, () => '@chunks 2 @hang'],
  [2, () => '@chunks 3 @crash'],
  [1, () => '@crash'],
  [1, () => '@chunks 1 @kill9'],
  [2, (random) => `@flood ${50 + random.int(250)}`],
  [1, (random) => `@late ${random.int(100)}`],
]

/** Starts with a word of its own, so that each prompt is found again wherever it went. */
export function promptText(random: Random, word: string): string {
  let left = random.int(MAKERS.reduce((sum, [weight]) => sum + weight, 0))
  const maker = MAKERS.find(([weight]) => (left -= weight) < 0)
  return `${word} ${maker?.[1](random)}`
}

export function hangs(text: string): boolean {
  return text.includes('@hang')
}

const PERMISSION = 'permission: (yes|always|no|never|cancelled) '

/** All that the agent says in a turn of this prompt that nobody cancelled: nothing lost, nothing twice, nothing of another turn. */
export function completeOutput(text: string): RegExp {
  const [, ...steps] = text.split(/ (?=@)/)
  const outputs = steps.map((step) => {
    const [name, count = '3'] = step.split(' ')
    if (name === '@chunks') return numbered('chunk ', Number(count))
    if (name === '@flood') return numbered('f', Number(count))
    if (name === '@perm') return PERMISSION
    if (name === '@perm-twice') return PERMISSION.repeat(2)
    return name === '@late' ? 'late output' : ''
  })
  return new RegExp(`^${steps.length === 0 ? `echo: ${text}` : outputs.join('')}$`)
}

function numbered(word: string, count: number): string {
  return Array.from({ length: count }, (_, i) => `${word}${i + 1} `).join('')
}
