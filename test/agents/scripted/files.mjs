// Directives that ask the client for files.

export const files = {
  /** @fsread PATH */
  async fsread(turn, [path]) {
    const { result, error } = await turn.call('fs/read_text_file', { path })
    turn.journal('fsread', { id: turn.id, path, error: error?.code })
    await turn.say(
      error ? `fsread error ${error.code}: ${error.message} ` : `fsread: ${result.content.slice(0, 1000)} `,
    )
  },

  /** @fswrite PATH TEXT */
  async fswrite(turn, [path, ...words]) {
    const { error } = await turn.call('fs/write_text_file', { path, content: words.join(' ') })
    turn.journal('fswrite', { id: turn.id, path, error: error?.code })
    await turn.say(error ? `fswrite error ${error.code}: ${error.message} ` : 'fswrite: done ')
  },

  /** @fs-burst COUNT KIB DIRECTORY: so many texts are written without waiting, each to a file of its own; then all are read. */
  async 'fs-burst'(turn, [count, kib, directory]) {
    const texts = Array.from({ length: Number(count) }, (_, n) => `${n} `.repeat((Number(kib) * 1024) / `${n} `.length))
    const path = (n) => `${directory}/${n}`
    const written = texts.map(async (content, n) => {
      const { error } = await turn.call('fs/write_text_file', { path: path(n), content })
      turn.journal('fs-burst', { id: turn.id, n, error: error?.code })
      return !error
    })
    const done = (await Promise.all(written)).filter((isDone) => isDone)
    const read = texts.map(async (content, n) => {
      const { result } = await turn.call('fs/read_text_file', { path: path(n) })
      return result?.content === content
    })
    const same = (await Promise.all(read)).filter((isSame) => isSame)
    await turn.say(`burst: ${done.length} written, ${same.length} read as written `)
  },
}
