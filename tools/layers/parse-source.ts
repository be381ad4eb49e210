// What one source file imports and what it touches of `process`, taken from its syntax tree. Decides nothing.

import { parseSync, Visitor } from 'oxc-parser'
import type { CallExpression, MemberExpression, Node, VariableDeclarator } from 'oxc-parser'

export interface ImportUse {
  /** undefined: computed at run time, cannot be checked. */
  readonly specifier: string | undefined
  /** Gone when the types are stripped. */
  readonly isTypeOnly: boolean
  readonly line: number
}

export interface ProcessUse {
  readonly member: string
  /** The first argument of a call: its text when it is a literal, undefined when computed, null when not a call. */
  readonly firstArgument: string | undefined | null
  readonly line: number
}

export interface SourceFacts {
  readonly imports: readonly ImportUse[]
  readonly processUses: readonly ProcessUse[]
  /** Lines of `export * from`. */
  readonly starExports: readonly number[]
  /** True when nothing is declared here and something is exported. */
  readonly onlyPassesOn: boolean
  readonly hasHeader: boolean
  readonly lines: number
  readonly syntaxErrors: readonly string[]
}

/** Reads the facts of one TypeScript or JavaScript file. Never throws: what cannot be parsed is in `syntaxErrors`. */
export function parseSource(path: string, text: string): SourceFacts {
  const parsed = parseSync(path, text)
  const lineOf = lineFinder(text)
  const body = parsed.program.body
  const { imports, processUses } = collectUses(parsed.program, lineOf)
  return {
    imports,
    processUses,
    starExports: body.filter((node) => node.type === 'ExportAllDeclaration').map((node) => lineOf(node.start)),
    onlyPassesOn: body.every(passesOn) && body.some((node) => node.type !== 'ImportDeclaration'),
    hasHeader: /^(#!.*\n)?\s*(\/\/|\/\*)/.test(text),
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    syntaxErrors: parsed.errors.map((error) => error.message),
  }
}

type Program = ReturnType<typeof parseSync>['program']

function collectUses(
  program: Program,
  lineOf: (offset: number) => number,
): Pick<SourceFacts, 'imports' | 'processUses'> {
  const imports: ImportUse[] = []
  const processUses: ProcessUse[] = []
  const calls = new Map<Node, CallExpression>()
  const use = (source: Node | null | undefined, kind?: 'type' | 'value' | null): void => {
    if (!source) return
    imports.push({ specifier: literalOf(source), isTypeOnly: kind === 'type', line: lineOf(source.start) })
  }
  new Visitor({
    ImportDeclaration: (node) => use(node.source, node.importKind),
    ExportNamedDeclaration: (node) => use(node.source, node.exportKind),
    ExportAllDeclaration: (node) => use(node.source, node.exportKind),
    ImportExpression: (node) => use(node.source),
    TSImportType: (node) => use(node.source, 'type'),
    // A call is visited before its callee.
    CallExpression: (node) => void calls.set(node.callee, node),
    MemberExpression: (node) => {
      if (!isProcess(node.object)) return
      const call = calls.get(node)
      const firstArgument = call ? literalOf(call.arguments[0]) : null
      processUses.push({ member: memberName(node), firstArgument, line: lineOf(node.start) })
    },
    VariableDeclarator: (node) => {
      for (const member of destructured(node))
        processUses.push({ member, firstArgument: null, line: lineOf(node.start) })
    },
  }).visit(program)
  return { imports, processUses }
}

function isProcess(node: Node): boolean {
  if (node.type === 'Identifier') return node.name === 'process'
  return node.type === 'MemberExpression' && memberName(node) === 'process'
}

function memberName(node: MemberExpression): string {
  const property: Node = node.property
  if (!node.computed && property.type === 'Identifier') return property.name
  return literalOf(property) ?? '[computed]'
}

function destructured(node: VariableDeclarator): string[] {
  if (node.id.type !== 'ObjectPattern' || !node.init || !isProcess(node.init)) return []
  return node.id.properties.map((property) => {
    if (property.type === 'RestElement') return '[computed]'
    return property.key.type === 'Identifier' && !property.computed ? property.key.name : '[computed]'
  })
}

function literalOf(node: Node | undefined): string | undefined {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node?.type === 'TSLiteralType') return literalOf(node.literal)
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0)
    return node.quasis[0]?.value.cooked ?? undefined
  return undefined
}

function passesOn(node: Program['body'][number]): boolean {
  if (node.type === 'ExportAllDeclaration' || node.type === 'ImportDeclaration') return true
  return node.type === 'ExportNamedDeclaration' && node.declaration === null
}

function lineFinder(text: string): (offset: number) => number {
  return (offset) => text.slice(0, offset).split('\n').length
}
