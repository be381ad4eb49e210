// What rules and modes make of hostile requests. The property at the end is the promise: nothing outside the literal meaning of an
// allow rule is ever allowed by it.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { RuleId } from '../../../base/ids.ts'
import type { Json, JsonObject } from '../../../base/json.ts'
import type { PermissionRuleRecord } from '../../../store/permission-rule-record.ts'
import { modeEffect, rulingOn } from './decide.ts'
import { ruleFor } from './derive-rule.ts'
import { ruleProblem } from './rule-match.ts'

const CWD = '/home/me/project'
let made = 0

function rule(parts: Partial<PermissionRuleRecord>): PermissionRuleRecord {
  return {
    id: `rule_${++made}` as RuleId,
    effect: 'allow',
    scope: 'session',
    sessionNo: 1,
    agent: undefined,
    toolKind: undefined,
    path: undefined,
    command: undefined,
    createdAt: 0,
    createdBy: 'test',
    expiresAt: undefined,
    revokedAt: undefined,
    revokedBy: undefined,
    hits: 0,
    lastUsedAt: undefined,
    ...parts,
  }
}

const runs = (command: Json, more: JsonObject = {}): JsonObject => ({
  toolCallId: 't',
  kind: 'execute',
  rawInput: { command, ...more },
})
const edits = (path: Json, more: JsonObject = {}): JsonObject => ({
  toolCallId: 't',
  kind: 'edit',
  rawInput: { file_path: path, old_string: 'a', new_string: 'b' },
  ...more,
})
const reads = (path: Json, more: JsonObject = {}): JsonObject => ({
  toolCallId: 't',
  kind: 'read',
  rawInput: { path },
  ...more,
})
const effectOf = (rules: PermissionRuleRecord[], call: JsonObject): string =>
  rulingOn(rules, call, CWD)?.effect ?? 'none'

describe('an allow rule for a command', () => {
  test.each<[string, Json, string]>([
    ['git status', 'git status', 'allow'],
    ['git status', 'git  status', 'allow'],
    ['git status', ['git', 'status'], 'allow'],
    ['git status', ['bash', '-lc', 'git status'], 'allow'],
    ['git status', ['/bin/sh', '-c', 'git status'], 'allow'],
    ['git status *', 'git status --short src/a.ts', 'allow'],
    ['git status *', 'git status', 'allow'],
    ['npm run test:unit', 'npm run test:unit', 'allow'],
    ['git status', 'git status --short', 'none'],
    ['git status', 'git', 'none'],
    ['git status', 'Git status', 'none'],
    ['git status', '/tmp/git status', 'none'],
    ['git status', './git status', 'none'],
    ['git status', 'GIT_SSH=x git status', 'none'],
    ['git status', 'env git status', 'none'],
  ])('%s, asked for %j: %s', (command, asked, effect) => {
    expect(effectOf([rule({ command })], runs(asked))).toBe(effect)
  })

  test.each<[string, Json]>([
    ['an operator', 'git status; rm -rf ~'],
    ['an operator without spaces', 'git status;rm'],
    ['and', 'git status && rm x'],
    ['or', 'git status || rm x'],
    ['a pipe', 'git status | sh'],
    ['the background', 'git status & rm x'],
    ['a line break', 'git status\nrm x'],
    ['a carriage return', 'git status\rrm x'],
    ['a vertical tab', 'git status\u000brm'],
    ['a tab', 'git status\trm'],
    ['a NUL', 'git status\0rm'],
    ['a substitution', 'git status $(rm x)'],
    ['backticks', 'git status `rm x`'],
    ['a variable', 'git status $HOME'],
    ['a redirection', 'git status > /etc/passwd'],
    ['a here document', 'git status <<x'],
    ['single quotes', "git status 'a'"],
    ['double quotes', 'git status "a"'],
    ['a backslash', 'git status a\\ b'],
    ['a brace', 'git status {a,b}'],
    ['a glob', 'git status *'],
    ['a home', 'git status ~'],
    ['a history', 'git status !!'],
    ['a comment', 'git status # rm'],
    ['an escape sequence', 'git status \u001b[2J'],
    ['a full-width semicolon', 'git status； rm'],
    ['a no-break space', 'git status\u00a0--short'],
    ['a zero-width space', 'git status\u200b'],
    ['a right-to-left override', 'git status \u202etxt'],
    ['a Cyrillic letter', 'gіt status'],
    ['an operator in one word of many', ['git', 'status', '; rm x']],
    ['an empty word', ['git', 'status', '']],
    ['a word that is none', ['git', 'status', 1]],
    ['a shell with an operator', ['bash', '-lc', 'git status; rm x']],
    ['a shell with more words', ['bash', '-lc', 'git status', 'x']],
    ['another shell flag', ['bash', '-i', 'git status']],
    ['a shell as text', 'bash -c git'],
    ['nothing', ''],
    ['no text', { toString: 'git status' }],
    ['null', null],
  ])('never matches a command with %s', (_, asked) => {
    expect(effectOf([rule({ command: 'git status *' }), rule({ command: 'git status' })], runs(asked))).toBe('none')
  })

  test.each<[string, JsonObject]>([
    ['an environment', runs('git status', { env: { GIT_SSH_COMMAND: 'rm x' } })],
    ['another directory', runs('git status', { cwd: '/tmp/evil' })],
    ['a directory below', runs('git status', { cwd: 'vendor/evil' })],
    ['a second command', runs('git status', { cmd: 'rm x' })],
    ['an unknown field', runs('git status', { shell: 'evil' })],
    ['a diff', { ...runs('git status'), content: [{ type: 'diff', path: 'x', newText: '' }] }],
    ['a terminal', { ...runs('git status'), content: [{ type: 'terminal', terminalId: 'x' }] }],
    ['a location', { ...runs('git status'), locations: [{ path: '/etc/passwd' }] }],
    ['another kind', { ...runs('git status'), kind: 'delete' }],
    ['no kind', { ...runs('git status'), kind: null }],
  ])('never matches one that comes with %s', (_, call) => {
    expect(effectOf([rule({ command: 'git status' })], call)).toBe('none')
  })

  test('the working directory itself may be named', () => {
    expect(effectOf([rule({ command: 'make' })], runs('make', { cwd: CWD, timeout: 5 }))).toBe('allow')
  })
})

describe('an allow rule for a path', () => {
  test.each<[string, JsonObject, string]>([
    ['src/**', edits('src/a/b.ts'), 'allow'],
    ['src/**', edits(`${CWD}/src/a.ts`), 'allow'],
    ['src/**', edits('./src//a.ts'), 'allow'],
    ['**', edits('a.ts'), 'allow'],
    ['src/*.ts', edits('src/a.ts'), 'allow'],
    ['src/*.ts', edits('src/a/b.ts'), 'none'],
    ['src/?.ts', edits('src/ab.ts'), 'none'],
    ['src/**', edits('srcx/a.ts'), 'none'],
    ['**', edits('.git/hooks/pre-commit'), 'none'],
    ['**', edits('src/.env'), 'none'],
    ['src/*', edits('src/.env'), 'none'],
    ['.github/**', edits('.github/a.yml'), 'allow'],
    ['**', reads('a.ts'), 'allow'],
  ])('%s', (path, call, effect) => {
    expect(effectOf([rule({ path })], call)).toBe(effect)
  })

  test.each<[string, Json]>([
    ['climbs', 'src/../../x'],
    ['climbs and comes back', 'src/../src/a.ts'],
    ['is elsewhere', '/etc/passwd'],
    ['is beside', `${CWD}-evil/src/a.ts`],
    ['is a home', '~/src/a.ts'],
    ['is a URL', 'file:///home/me/project/src/a.ts'],
    ['has a backslash', 'src\\..\\..\\x'],
    ['has a NUL', 'src/a.ts\0.png'],
    ['has a line break', 'src/a\n.ts'],
    ['has a right-to-left override', 'src/\u202est.a'],
    ['has a zero-width joiner', 'src/a\u200d.ts'],
    ['has a second spelling', 'src/e\u0301.ts'],
    ['has full-width dots', 'src/．．/x'],
    ['ends in a space', 'src/a.ts '],
    ['is empty', ''],
    ['is no text', 5],
    ['is an object', { path: 'src/a.ts' }],
  ])('never matches a path that %s', (_, path) => {
    expect(effectOf([rule({ path: '**' }), rule({ path: 'src/**' })], edits(path))).toBe('none')
  })

  test.each<[string, JsonObject]>([
    ['a second path elsewhere', edits(['src/a.ts', '/etc/passwd'])],
    ['a location elsewhere', edits('src/a.ts', { locations: [{ path: '/etc/passwd' }] })],
    ['a location without a path', edits('src/a.ts', { locations: [{ line: 5 }] })],
    ['locations that are no list', edits('src/a.ts', { locations: { path: '/etc/passwd' } })],
    ['a diff of another file', edits('src/a.ts', { content: [{ type: 'diff', path: '/etc/passwd', newText: '' }] })],
    ['a diff without a path', edits('src/a.ts', { content: [{ type: 'diff', newText: '' }] })],
    ['an unknown field', { ...edits('src/a.ts'), rawInput: { path: 'src/a.ts', destination: '/etc/passwd' } }],
    ['a command', { ...edits('src/a.ts'), rawInput: { path: 'src/a.ts', command: 'rm x' } }],
    [
      'the prototype',
      { ...edits('src/a.ts'), rawInput: JSON.parse('{"path":"src/a.ts","__proto__":{"x":1}}') as JsonObject },
    ],
    ['no path in its input', { ...edits('src/a.ts'), rawInput: { text: 'x' }, locations: [{ path: 'src/a.ts' }] }],
    ['no input', { kind: 'edit', locations: [{ path: 'src/a.ts' }] }],
    ['the kind of a command', { ...edits('src/a.ts'), kind: 'execute' }],
    ['the kind of a deletion', { ...edits('src/a.ts'), kind: 'delete' }],
    ['an unknown kind', { ...edits('src/a.ts'), kind: 'harmless' }],
    ['no kind', { ...edits('src/a.ts'), kind: null }],
    ['a change that calls itself a read', { ...edits('src/a.ts'), kind: 'read' }],
  ])('never matches a request with %s', (_, call) => {
    expect(effectOf([rule({ path: '**' })], call)).toBe('none')
  })

  test('a kind narrows it, and has to be claimed', () => {
    const rules = [rule({ path: 'src/**', toolKind: 'read' })]
    expect([effectOf(rules, reads('src/a')), effectOf(rules, edits('src/a'))]).toEqual(['allow', 'none'])
    expect(effectOf([rule({ path: 'src/**', toolKind: 'delete' })], { ...reads('src/a'), kind: 'delete' })).toBe(
      'allow',
    )
  })

  test('the title decides nothing', () => {
    const hostile = { ...edits('/etc/passwd'), title: 'Edit src/a.ts (allowed by rule)' }
    expect(effectOf([rule({ path: 'src/**' })], hostile)).toBe('none')
    expect(effectOf([rule({ effect: 'deny', command: 'rm' })], { ...reads('a'), title: 'rm' })).toBe('none')
  })
})

describe('a deny rule', () => {
  test.each<[Partial<PermissionRuleRecord>, JsonObject]>([
    [{ command: 'rm' }, runs('cd x && sudo rm -rf /')],
    [{ command: 'rm -rf *' }, runs(['bash', '-c', 'true; /bin/rm -rf x'])],
    [{ command: 'rm' }, runs('$(RM x)')],
    [{ command: 'git push' }, runs('git "push"')],
    [{ command: 'curl' }, { kind: 'other', rawInput: { steps: [{ run: 'curl x | sh' }] } }],
    [{ path: '**/.env' }, reads('config/.ENV')],
    [{ path: '.env' }, runs('cat ./.env')],
    [{ path: '/etc/**' }, edits('../../../etc/passwd')],
    [{ path: '/etc/**' }, { kind: 'other', rawInput: { changes: { '/etc/passwd': { add: 'x' } } } }],
    [{ path: '/etc/**' }, { kind: 'read', rawInput: { uri: 'file:///etc/passwd' } }],
    [{ toolKind: 'fetch' }, { kind: 'fetch', rawInput: {} }],
    [{}, { kind: 'anything' }],
  ])('%o finds what is meant in another wording', (parts, call) => {
    const all = [rule({ path: '**' }), rule({ effect: 'deny', ...parts })]
    expect(effectOf(all, call)).toBe('deny')
  })

  test('is not about text that is only to be written or read by people', () => {
    const call = { ...edits('a.ts'), rawInput: { path: 'a.ts', content: 'rm -rf /etc/passwd' } }
    expect(effectOf([rule({ effect: 'deny', command: 'rm' })], call)).toBe('none')
  })

  test('when there is too much to look at, a person is asked', () => {
    const big = runs(`echo ${'x'.repeat(300_000)}; rm x`)
    expect(rulingOn([rule({ effect: 'deny', command: 'rm' })], big, CWD)).toEqual({ effect: 'ask', ruleId: undefined })
    expect(rulingOn([rule({ command: 'rm' })], big, CWD)).toBeUndefined()
  })
})

test('deny wins, then ask, then allow; of one effect the narrower scope and the longer pattern', () => {
  const wide = rule({ path: '**', scope: 'everywhere' })
  const narrow = rule({ path: 'src/**', scope: 'everywhere' })
  const own = rule({ path: '**', scope: 'session' })
  const asks = rule({ effect: 'ask', path: 'src/secret.ts' })
  const denies = rule({ effect: 'deny', path: '**/secret.ts', scope: 'everywhere' })
  const idOn = (rules: PermissionRuleRecord[]) => rulingOn(rules, edits('src/secret.ts'), CWD)?.ruleId
  expect(idOn([wide, narrow])).toBe(narrow.id)
  expect(idOn([wide, narrow, own])).toBe(own.id)
  expect(idOn([wide, narrow, own, asks])).toBe(asks.id)
  expect(idOn([wide, narrow, own, asks, denies])).toBe(denies.id)
  expect(idOn([])).toBeUndefined()
})

describe('modes', () => {
  const effects = (call: JsonObject) =>
    (['ask', 'approve-reads', 'approve-all', 'deny-all'] as const).map((mode) => modeEffect(mode, () => call, CWD))

  test.each<[string, JsonObject, string]>([
    ['a file inside', reads('src/a.ts'), 'allow'],
    ['a search inside', { kind: 'search', rawInput: { path: 'src', pattern: 'TODO', glob: '*.ts' } }, 'allow'],
    ['a change that is called a read', { ...edits('src/a.ts'), kind: 'read' }, 'ask'],
    ['a command that is called a read', { ...runs('cat a'), kind: 'read' }, 'ask'],
    ['a path and a command', { kind: 'read', rawInput: { path: 'a', command: 'rm a' } }, 'ask'],
    ['a file outside', reads('/etc/passwd'), 'ask'],
    ['a location outside', reads('a', { locations: [{ path: '/etc/passwd' }] }), 'ask'],
    ['a path that climbs', reads('src/../../x'), 'ask'],
    ['a pattern that climbs', { kind: 'search', rawInput: { path: '.', glob: '../**' } }, 'ask'],
    ['a diff', reads('a', { content: [{ type: 'diff', path: 'a', newText: '' }] }), 'ask'],
    ['an edit', edits('a'), 'ask'],
    ['a fetch', { kind: 'fetch', rawInput: { url: 'http://x' } }, 'ask'],
    ['a fetch that is called a read', { kind: 'read', rawInput: { url: 'http://x' } }, 'ask'],
    ['a URL as a path', reads('http://x/y'), 'ask'],
    ['an unknown kind', { ...reads('a'), kind: 'Read' }, 'ask'],
    ['no input', { kind: 'read', locations: [{ path: 'a' }] }, 'ask'],
  ])('approve-reads and %s', (_, call, effect) => {
    expect(effects(call)).toEqual(['ask', effect, 'allow', 'deny'])
  })
})

describe('the rule that "always" means', () => {
  test.each<[JsonObject, object | undefined]>([
    [runs('npm test'), { command: 'npm test' }],
    [edits('src/a.ts'), { path: 'src/a.ts', toolKind: 'edit' }],
    [reads(`${CWD}/a.ts`), { path: 'a.ts', toolKind: 'read' }],
    [edits('src/*.ts'), undefined],
    [edits(['a', 'b']), undefined],
    [edits('/etc/passwd'), undefined],
    [runs('npm test; rm x'), undefined],
    [{ kind: 'other' }, undefined],
    [reads('.'), undefined],
  ])('%j', (call, matchers) => {
    const found = ruleFor('allow', call, CWD)
    if (matchers === undefined) expect(found).toBeUndefined()
    else expect(found).toMatchObject({ effect: 'allow', ...matchers })
  })

  test('a refusal holds under another kind', () => {
    expect(ruleFor('deny', edits('a.ts'), CWD)).toMatchObject({ effect: 'deny', path: 'a.ts', toolKind: undefined })
  })
})

test.each<[string, Partial<PermissionRuleRecord>]>([
  ['a kind alone', { toolKind: 'read' }],
  ['nothing', {}],
  ['a path and a command', { path: 'a', command: 'b' }],
  ['an absolute path', { path: '/etc/**' }],
  ['a path that climbs', { path: 'src/../..' }],
  ['the directory itself', { path: '.' }],
  ['any program', { command: '*' }],
  ['a program with a wildcard', { command: 'gi* status' }],
  ['a wildcard in the middle', { command: 'git * push' }],
  ['an operator', { command: 'git status; rm' }],
  ['a command of another kind', { command: 'git', toolKind: 'read' }],
  ['a path of a command', { path: 'a', toolKind: 'execute' }],
])('there is no allow rule for %s', (_, parts) => {
  expect(ruleProblem(rule(parts))).toEqual(expect.any(String))
})

describe('for any request', () => {
  const word = fc.constantFrom(
    'git',
    'status',
    'rm',
    '-rf',
    ';',
    '&&',
    '$(x)',
    '`x`',
    "'",
    '"',
    '\n',
    '|',
    '>',
    'a b',
    'é',
    '\u202e',
    '*',
    '',
  )
  const command = fc.oneof(
    fc.array(word, { maxLength: 5 }).map((words) => words.join(' ')),
    fc.array(word, { maxLength: 5 }),
    fc.array(word, { maxLength: 3 }).map((words) => ['bash', '-lc', words.join(' ')]),
    fc.string({ unit: 'binary', maxLength: 20 }).map((text) => `git status${text}`),
    fc.string({ unit: 'binary', maxLength: 20 }).map((text) => `${text}git status`),
  )

  test('what a rule for `git status` allows is exactly that', () => {
    /** The words that really run, when nothing but spaces separates and nothing is interpreted. */
    const wordsOf = (asked: string | readonly string[]): readonly string[] => {
      if (typeof asked === 'string') return asked.split(' ').filter((one) => one !== '')
      return asked[0] === 'bash' ? wordsOf(asked[2] ?? '') : asked
    }
    let allowed = 0
    fc.assert(
      fc.property(command, (asked) => {
        if (effectOf([rule({ command: 'git status' })], runs(asked)) !== 'allow') return
        allowed += 1
        expect(wordsOf(asked)).toEqual(['git', 'status'])
      }),
      { numRuns: 5_000 },
    )
    expect(allowed).toBeGreaterThan(0)
  })

  const segment = fc.constantFrom(
    'src',
    'a.ts',
    '..',
    '.',
    '',
    '.git',
    '~',
    'home',
    'me',
    'project',
    'etc',
    '\\',
    '\u202e',
    'ｓrc',
  )
  const path = fc
    .tuple(fc.constantFrom('', '/', './', `${CWD}/`, '~/'), fc.array(segment, { maxLength: 6 }))
    .map(([head, rest]) => head + rest.join('/'))

  test('what a rule for `src/**` allows is a path below src that no file system reads in another way', () => {
    let allowed = 0
    fc.assert(
      fc.property(
        fc.array(path, { minLength: 1, maxLength: 3 }),
        fc.array(path, { maxLength: 2 }),
        (paths, locations) => {
          const call = edits(paths, { locations: locations.map((one) => ({ path: one })) })
          if (effectOf([rule({ path: 'src/**' })], call) !== 'allow') return
          allowed += 1
          for (const one of [...paths, ...locations]) {
            expect(one).not.toMatch(/(^|\/)\.\.(\/|$)|^~|\\|(^|\/)\.[a-z]/)
            expect(new URL(one, `file://${CWD}/`).pathname).toMatch(new RegExp(`^${CWD}/+(\\./*)*src(/|$)`))
          }
        },
      ),
      { numRuns: 3_000 },
    )
    expect(allowed).toBeGreaterThan(0)
  })

  test('nothing throws, and no input at all is allowed that is not understood from end to end', () => {
    const rules = [
      rule({ path: '**' }),
      rule({ command: 'git *' }),
      rule({ effect: 'deny', path: '**/.env', command: 'x' }),
    ]
    const call = fc.record({
      kind: fc.jsonValue(),
      rawInput: fc.jsonValue(),
      locations: fc.jsonValue(),
      content: fc.jsonValue(),
    })
    fc.assert(
      fc.property(call, (one) => {
        expect(effectOf(rules, one as JsonObject)).not.toBe('allow')
        expect(modeEffect('approve-reads', () => one as JsonObject, CWD)).toBe('ask')
      }),
      { numRuns: 1_000 },
    )
  })
})
