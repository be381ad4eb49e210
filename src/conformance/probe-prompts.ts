// The prompts that an agent is sent: harmless in any directory, short, and shown to the person before one is sent.
// A scripted model server does what the lines with an @ say; to a model they are noise, so they are there for such a server only.

import { join } from 'node:path'

import type { JsonObject } from '../base/json.ts'

/** What an agent that goes on with a conversation still knows. */
export const REMEMBERED = 'heliotrope'
export const FILE_CONTENT = 'holdfast'

export interface ProbePrompts {
  readonly plain: string
  readonly image: string
  /** Asks for a file; its path is `file(name)`. */
  readonly write: (name: ProbeFile) => string
  readonly long: string
  readonly recall: string
  readonly file: (name: ProbeFile) => string
}

export type ProbeFile = 'allowed.txt' | 'denied.txt'

/** `cwd`: where the agent works and the files would be. */
export function probePrompts(cwd: string, isScripted: boolean): ProbePrompts {
  const line = (directive: string): string => (isScripted ? `\n${directive}` : '')
  const file = (name: ProbeFile): string => join(cwd, name)
  return {
    plain: `Remember the word ${REMEMBERED}. Answer with one short sentence, without a tool.`,
    image: 'Which colour has this image? Answer with one word, without a tool.',
    write: (name) =>
      `Create the file ${file(name)} with the content "${FILE_CONTENT}", and do nothing else.` +
      line(`@tool write ${file(name)} ${FILE_CONTENT}`),
    long: `Write the numbers from 1 to 1000, one on each line, without a tool.${line('@slow')}`,
    recall: `Which word did I ask you to remember? Answer with that word, without a tool.${line('@recall')}`,
    file,
  }
}

/** All of them, for a person to read. */
export function listPrompts({ plain, image, write, long, recall }: ProbePrompts): string[] {
  return [plain, image, write('allowed.txt'), write('denied.txt'), long, recall]
}

export function textBlock(text: string): JsonObject {
  return { type: 'text', text }
}

/** One red pixel. */
const PIXEL_PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4z8AAAAMBAQD3A0FDAAAAAElFTkSuQmCC'

export function imageBlock(): JsonObject {
  return { type: 'image', mimeType: 'image/png', data: PIXEL_PNG }
}
