// Directives that ask the client more than a permission: a form, a page, in bad shape.

const SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string', title: 'Name', minLength: 2 },
    size: { type: 'string', enum: ['s', 'm'], default: 's' },
    sure: { type: 'boolean' },
  },
  required: ['name'],
}

let asked = 0

export const questions = {
  /** @elicit-form: a form with one required field; what was answered is said. */
  'elicit-form': async (turn) => report(turn, await ask(turn, { mode: 'form', requestedSchema: SCHEMA })),

  /** @elicit-url: a page; when it was agreed to, it is done at once. */
  async 'elicit-url'(turn) {
    const elicitationId = `page-${++asked}`
    const answer = await ask(turn, { mode: 'url', elicitationId, url: 'https://login.example/device?code=ABCD' })
    if (answer.action === 'accept') await turn.wire.notify('elicitation/complete', { elicitationId })
    await report(turn, answer)
  },

  /** @elicit-odd: nested fields, which no client shows. */
  'elicit-odd': async (turn) =>
    report(turn, await ask(turn, { mode: 'form', requestedSchema: { properties: { a: { type: 'object' } } } })),
}

async function ask(turn, params) {
  const { result, error } = await turn.call('elicitation/create', { message: 'Which one?', ...params })
  const answer = { ...result, error }
  turn.journal('elicitation', { id: turn.id, ...answer })
  return answer
}

async function report(turn, { action, content, error }) {
  await turn.say(`question: ${error ? `error ${error.code}` : action} ${JSON.stringify(content ?? null)} `)
}
