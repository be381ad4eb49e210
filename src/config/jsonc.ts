// JSON with comments and trailing commas, read by hand: messages name line and column and never quote the file, which may hold
// secrets. A key that is given twice is an error.

import type { Json, JsonObject } from '../base/json.ts'

const DEPTH_MAX = 64

/** Line and column, both from 1. */
export interface TextPlace {
  readonly line: number
  readonly column: number
}

export interface JsoncDocument {
  readonly value: Json
  /** Where a key stands, named by its path with dots. One that is not there: the nearest one around it. */
  placeOf(key: string): TextPlace | undefined
}

/** Says what was expected, and where. */
export class JsoncError extends SyntaxError {
  readonly place: TextPlace

  constructor(problem: string, place: TextPlace) {
    super(`line ${place.line} column ${place.column}: ${problem}`)
    this.place = place
  }
}

/** Parses JSONC and remembers where its keys stand. JsoncError. */
export function readJsonc(text: string): JsoncDocument {
  const reader = new Reader(text)
  return { value: reader.document(), placeOf: (key) => reader.placeOf(key) }
}

const BLANK = /(?:\s|\uFEFF|\/\/[^\r\n]*|\/\*[\s\S]*?\*\/)*/y
const STRING = /"(?:[^"\\\r\n]|\\.)*"/y
const NUMBER_OR_WORD = /-?[A-Za-z0-9+.-]+/y

class Reader {
  readonly #text: string
  /** Where each key begins, by its path with dots. */
  readonly #keys = new Map<string, number>()
  #path: readonly string[] = []
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): Json {
    const value = this.#value(0)
    if (this.#next() !== undefined) throw this.#error('the end of the file is expected')
    return value
  }

  placeOf(key: string): TextPlace | undefined {
    for (let path = key; path !== ''; path = path.slice(0, Math.max(path.lastIndexOf('.'), 0))) {
      const at = this.#keys.get(path)
      if (at !== undefined) return placeAt(this.#text, at)
    }
    return undefined
  }

  #value(depth: number): Json {
    if (depth > DEPTH_MAX) throw this.#error('it is nested too deep')
    switch (this.#next()) {
      case '{':
        return this.#object(depth)
      case '[':
        return this.#array(depth)
      case '"':
        return this.#string()
      default:
        return this.#numberOrWord()
    }
  }

  #object(depth: number): JsonObject {
    const object: JsonObject = {}
    this.#at += 1
    while (this.#next() !== '}') {
      if (this.#next() !== '"') throw this.#error('a key in double quotes is expected')
      const from = this.#at
      const key = this.#string()
      if (Object.hasOwn(object, key)) throw this.#error('this key is there twice', from)
      if (this.#next() !== ':') throw this.#error('a colon is expected')
      this.#at += 1
      const value = this.#inside(key, from, () => this.#value(depth + 1))
      Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
      this.#comma('}')
    }
    this.#at += 1
    return object
  }

  #inside<T>(key: string, from: number, read: () => T): T {
    const around = this.#path
    this.#path = [...around, key]
    this.#keys.set(this.#path.join('.'), from)
    const value = read()
    this.#path = around
    return value
  }

  #array(depth: number): Json[] {
    const array: Json[] = []
    this.#at += 1
    while (this.#next() !== ']') {
      array.push(this.#value(depth + 1))
      this.#comma(']')
    }
    this.#at += 1
    return array
  }

  /** After a value: a comma, or the end of what it is in. */
  #comma(end: ']' | '}'): void {
    const next = this.#next()
    if (next === ',') this.#at += 1
    else if (next !== end) throw this.#error(`a comma or ${end} is expected`)
  }

  #string(): string {
    const token = this.#match(STRING)
    try {
      if (token !== undefined) return JSON.parse(token) as string
    } catch {
      // An escape that is none.
    }
    throw this.#error(
      'a text that is closed on its line, with valid escapes, is expected',
      this.#at - (token?.length ?? 0),
    )
  }

  #numberOrWord(): Json {
    const token = this.#match(NUMBER_OR_WORD)
    try {
      if (token !== undefined) return JSON.parse(token) as number | boolean | null
    } catch {
      // Neither a number nor true, false, null.
    }
    throw this.#error('a value is expected', this.#at - (token?.length ?? 0))
  }

  /** The next character that means something; undefined at the end. */
  #next(): string | undefined {
    this.#match(BLANK)
    if (this.#text.startsWith('/*', this.#at)) throw this.#error('this comment has no end')
    return this.#text[this.#at]
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const token = pattern.exec(this.#text)?.[0]
    this.#at += token?.length ?? 0
    return token
  }

  #error(problem: string, at = this.#at): JsoncError {
    return new JsoncError(problem, placeAt(this.#text, at))
  }
}

function placeAt(text: string, at: number): TextPlace {
  const before = text.slice(0, at).split('\n')
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 }
}
