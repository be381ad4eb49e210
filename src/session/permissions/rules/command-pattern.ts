// Commands in requests and in rules. An allow rule sees only a command in which nothing can mean more than it says: words of a few
// harmless characters. Rules that refuse or ask see every word of whatever text there is, and so match too much rather than too little.

/** No quotes, no expansion, no operator, no redirection, no comment, no second spelling: a shell and an exec do the same with it. */
const PLAIN_WORD = /^[A-Za-z0-9_@+=:,./-]+$/
const WORD_CHARS_MAX = 4_096
const WORDS_MAX = 256
const SHELLS = new Set(['sh', 'bash', 'zsh', 'dash'].flatMap((name) => [name, `/bin/${name}`, `/usr/bin/${name}`]))
const SHELL_FLAGS = new Set(['-c', '-lc'])

/** The words of a command that is plain from end to end; undefined for any other. `sh -c "plain"` is what it runs. */
export function plainWords(command: unknown): readonly string[] | undefined {
  if (typeof command === 'string') return allPlain(command.split(' ').filter((word) => word !== ''))
  if (!Array.isArray(command)) return undefined
  const [program, flag, script] = command as unknown[]
  if (command.length === 3 && isShell(program) && SHELL_FLAGS.has(String(flag)) && typeof script === 'string')
    return plainWords(script)
  return command.every((word) => typeof word === 'string') ? allPlain(command) : undefined
}

function isShell(word: unknown): boolean {
  return typeof word === 'string' && SHELLS.has(word)
}

function allPlain(words: readonly string[]): readonly string[] | undefined {
  if (words.length === 0 || words.length > WORDS_MAX) return undefined
  return words.every((word) => word.length <= WORD_CHARS_MAX && PLAIN_WORD.test(word)) ? words : undefined
}

/** Everything in a command that may be a word to some shell, folded to one case: for rules that refuse. */
export function anyWords(command: unknown): readonly string[] {
  const texts = Array.isArray(command) ? command : [command]
  return texts
    .filter((text) => typeof text === 'string')
    .flatMap((text) =>
      text
        .normalize('NFKC')
        .toLowerCase()
        .split(/[\s"'`$(){}<>|&;\\#!,=[\]]+/u),
    )
    .filter((word) => word !== '')
}

/** Why `text` cannot be the command of a rule; undefined when it can. */
export function commandPatternProblem(text: string): string | undefined {
  const words = text.split(' ')
  if (words.includes('')) return 'its words are separated by one space each'
  const [program, ...rest] = words
  if (program === undefined || !PLAIN_WORD.test(program)) return 'it begins with a program, written out'
  const fixed = rest.at(-1) === '*' ? rest.slice(0, -1) : rest
  return fixed.every((word) => PLAIN_WORD.test(word))
    ? undefined
    : 'its words are letters, digits and _ @ + = : , . / - only; a * stands alone at the end'
}

/** For allow rules: word by word, to the end, unless the pattern ends in `*`: then any further words. */
export function matchesCommand(pattern: string, words: readonly string[]): boolean {
  const wanted = pattern.split(' ')
  const isOpen = wanted.length > 1 && wanted.at(-1) === '*'
  const fixed = isOpen ? wanted.slice(0, -1) : wanted
  if (isOpen ? words.length < fixed.length : words.length !== fixed.length) return false
  return fixed.every((word, i) => word === words[i])
}

/** For rules that refuse or ask: the words of the pattern in a row, anywhere; a path in front of the program does not hide it. */
export function mentionsCommand(pattern: string, words: readonly string[]): boolean {
  const wanted = pattern.toLowerCase().split(' ')
  const fixed = wanted.length > 1 && wanted.at(-1) === '*' ? wanted.slice(0, -1) : wanted
  return words.some((_, from) => fixed.every((word, i) => isWord(word, words[from + i])))
}

function isWord(wanted: string, word: string | undefined): boolean {
  return word === wanted || (word !== undefined && !wanted.includes('/') && word.endsWith(`/${wanted}`))
}
