// What nasty programs tell about themselves in a file (`pid startTicks role` a line): the way to find those that nothing else shows.

import { readFile } from 'node:fs/promises'

import { listLeaks, type LiveProcess } from './leak-check.ts'

export class ToldFile {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** `pid startTicks` of each that told, in the order in which they did; of one role only, if it is named. */
  async births(role?: string): Promise<string[]> {
    const lines = (await readFile(this.path, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')
    const told = lines.map((line) => line.split(' ')).filter(([, , each]) => role === undefined || each === role)
    return told.map(([pid, startTicks]) => `${pid} ${startTicks}`)
  }

  async alive(): Promise<LiveProcess[]> {
    return listLeaks({ births: await this.births() })
  }
}
