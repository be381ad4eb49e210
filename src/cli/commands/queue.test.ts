// `holdfast queue`, and what `prompt` says about how it is to be run: against the real API over the socket.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { TestCliGateway } from '../../../test/_support/test-cli-gateway.ts'

let gateway: TestCliGateway
const turns: string[] = []

beforeEach(async () => {
  gateway = await TestCliGateway.start()
  gateway.onPrompt = () => {}
  turns.length = 0
  for (const text of ['runs', 'one', 'two']) {
    const { out } = await run('prompt', '-s', 'k', '--agent', 'fake', '--no-wait', text)
    turns.push(out.trim())
  }
})
afterEach(() => gateway[Symbol.asyncDispose]())

const run = (...args: string[]) => gateway.cli.run(args)

async function waiting(): Promise<string[]> {
  const { out } = await run('queue', 'ls', 'k', '--json')
  const entries = out.trimEnd().split('\n').filter(Boolean)
  return entries.map((line) => (JSON.parse(line) as { turn: { prompt: { text: string }[] } }).turn.prompt[0]!.text)
}

describe('queue', () => {
  test('ls shows what waits, the next one first, and says when nothing does', async () => {
    const { out } = await run('queue', 'k')
    const [head, ...rows] = out.trimEnd().split('\n')
    expect(head).toMatch(/^AT +TURN +LANE +AGE +EXPIRES +PROMPT$/)
    expect(rows.map((row) => row.split(/ +/)[1])).toEqual(turns.slice(1))
    await run('prompt', '-s', 'other', '--agent', 'fake', '--no-wait', 'hi')
    expect(await run('queue', 'ls', 'other')).toMatchObject({ code: 0, out: '', err: 'holdfast: nothing waits\n' })
  })

  test('mv puts a prompt to the front, to a position, or in front of another', async () => {
    expect((await run('queue', 'mv', 'k', turns[2]!)).out).toBe(`${turns[2]} waits at position 0\n`)
    expect(await waiting()).toEqual(['two', 'one'])
    await run('queue', 'mv', 'k', turns[2]!, '--to', '7')
    expect(await waiting()).toEqual(['one', 'two'])
    await run('queue', 'mv', 'k', turns[2]!, '--before', turns[1]!)
    expect(await waiting()).toEqual(['two', 'one'])
  })

  test('edit changes the text and the expiry; with nothing to change it is usage', async () => {
    expect((await run('queue', 'edit', 'k', turns[1]!, 'other', 'words', '--expires', '60')).code).toBe(0)
    expect(await waiting()).toEqual(['other words', 'two'])
    expect((await run('queue', 'ls', 'k')).out).toMatch(/interactive .* \d{4}-\d\d-\d\dT.* other words$/m)
    await run('queue', 'edit', 'k', turns[1]!, '--expires', 'never')
    expect((await run('queue', 'ls', 'k')).out).toMatch(/interactive .* - +other words$/m)
    expect((await run('queue', 'edit', 'k', turns[1]!)).code).toBe(2)
  })

  test('rm takes a prompt out, and leaves one that runs alone', async () => {
    expect((await run('queue', 'rm', 'k', turns[1]!)).out).toBe(`removed ${turns[1]}\n`)
    expect(await waiting()).toEqual(['two'])
    const refused = await run('queue', 'rm', 'k', turns[0]!)
    expect(refused).toMatchObject({ code: 1 })
    expect(refused.err).toContain('(TURN_NOT_QUEUED)')
  })
})

describe('prompt', () => {
  test('--when-busy reject is temporary: exit 75; an unknown word is usage', async () => {
    const refused = await run('prompt', '-s', 'k', '--no-wait', '--when-busy', 'reject', 'hi')
    expect([refused.code, refused.err.includes('(SESSION_BUSY)')]).toEqual([75, true])
    expect((await run('prompt', '-s', 'k', '--when-busy', 'never', 'hi')).code).toBe(2)
  })

  test('--lane, --deadline and --when-busy interrupt are sent along', async () => {
    const options = ['--when-busy', 'interrupt', '--lane', 'background', '--deadline', '1.5']
    const { out } = await run('prompt', '-s', 'k', '--no-wait', ...options, 'urgent')
    const { session } = await gateway.sessions.service.get('k')
    const turn = await gateway.sessions.service.turn(session.id, out.trim() as never)
    expect(turn).toMatchObject({ lane: 'background', deadlineMs: 1_500 })
    expect((await gateway.sessions.service.turn(session.id, turns[0] as never)).cancelling?.reason).toBe('interrupt')
  })

  test('--attach sends images and sounds as such and links other files; what is no file is usage', async () => {
    const cwd = gateway.cli.home
    writeFileSync(join(cwd, 'a.png'), 'not really a picture')
    writeFileSync(join(cwd, 'b.txt'), 'words')
    const files = ['--attach', 'a.png', '--attach', 'b.txt']
    const { out, err } = await gateway.cli.run(['prompt', '-s', 'k', '--no-wait', ...files, 'see'], { cwd })
    expect(err).not.toContain('(')
    const { session } = await gateway.sessions.service.get('k')
    const { prompt } = await gateway.sessions.service.turn(session.id, out.trim() as never)
    expect(JSON.parse(prompt)).toEqual([
      { type: 'text', text: 'see' },
      { type: 'image', mimeType: 'image/png', data: Buffer.from('not really a picture').toString('base64') },
      {
        type: 'resource_link',
        uri: expect.stringMatching(/^file:.*b\.txt$/) as unknown,
        name: 'b.txt',
        size: 5,
        mimeType: 'text/plain',
      },
    ])
    const missing = await gateway.cli.run(['prompt', '-s', 'k', '--attach', 'nothing', 'see'], { cwd })
    expect([missing.code, missing.err.includes('cannot be read')]).toEqual([2, true])
    expect((await gateway.cli.run(['prompt', '-s', 'k', '--attach', '.', 'see'], { cwd })).code).toBe(2)
  })
})

test('cancel --wait says how the turn ended', async () => {
  const { out } = await run('cancel', 'k', '--wait', '5')
  const [said, how] = out.split('\n')
  expect(said).toBe(`asked the agent to stop ${turns[0]}`)
  expect(how).toMatch(/^cancelled after \d+ ms, by force$/)
})

test('sessions close names the turns that it ended', async () => {
  expect((await run('sessions', 'close', 'k')).out).toContain(`ended ${turns.join(' ')}\n`)
})
