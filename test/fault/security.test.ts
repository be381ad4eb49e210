// Fault battery G and H on a real gateway: what may be seen, listened to, inherited and shown, with an agent that means harm.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { TestGateway } from '../_support/test-gateway.ts'
import type { PermissionView } from '../../src/wire/permission.ts'

const PROVIDER_KEY = 'sk-test-9f8e7d6c5b4a39281706'
const SCRIPTED = join(import.meta.dirname, '../agents/scripted-agent.mjs')

let gateway: TestGateway
beforeAll(async () => {
  gateway = await TestGateway.start({
    agents: {
      keyed: { command: [process.execPath, SCRIPTED], env: { PROVIDER_KEY } },
      fds: { command: ['sh', '-c', 'ls -l /proc/self/fd >&2; exit 3'] },
    },
    config: { http: { enabled: true, port: 0 }, log: { level: 'debug' } },
  })
})
afterAll(() => gateway[Symbol.asyncDispose]())

/** Numbers of the descriptors in a listing of `/proc/self/fd`. */
const openIn = (listing: string): string[] => [...listing.matchAll(/ (\d+) -> /g)].map((match) => match[1] ?? '')

const ours = (): number[] => [gateway.pid, ...gateway.leaks().map(({ pid }) => pid)]

/** Local addresses, as hex, on which a process listens for TCP. */
function listening(pid: number): string[] {
  const inodes = new Set(descriptors(pid).map((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1]))
  const tables = ['tcp', 'tcp6'].map((name) => readFileSync(`/proc/${pid}/net/${name}`, 'utf8'))
  const rows = tables.flatMap((table) => table.trim().split('\n').slice(1))
  const sockets = rows.map((row) => row.trim().split(/\s+/))
  return sockets.filter((row) => row[3] === '0A' && inodes.has(row[9])).map((row) => row[1]?.split(':')[0] ?? '')
}

/** Empty for a process that is gone. */
function factOf(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}

function descriptors(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
    } catch {
      return [] // closed meanwhile
    }
  })
}

describe('G', () => {
  test('132: the gateway listens on loopback alone and its agents on nothing, also after SIGUSR1', async () => {
    await gateway.ask(await gateway.newSession(), 'hello')
    process.kill(gateway.pid, 'SIGUSR1')
    await gateway.client.status()
    const [own, ...agents] = ours().map(listening)
    expect(own).toEqual(['0100007F'])
    expect(agents.length).toBeGreaterThan(0)
    expect(agents.flat()).toEqual([])
  })

  test('134: neither the token nor a provider key is in log, process list, events, errors or database', async () => {
    const token = readFileSync(join(gateway.home, 'state/token'), 'utf8').trim()
    const session = await gateway.newSession('keyed')
    const crashed = await gateway.newSession('keyed')
    for (const prompt of ['hello', '@error -32603 no']) await gateway.ask(session, prompt)
    await gateway.ask(crashed, '@crash')
    await gateway.client.prompt(session, { prompt: '@say working @hang' })
    await expect.poll(() => gateway.text(session), { timeout: 10_000 }).toContain('working')
    const url = (await gateway.client.status()).url ?? ''
    const refused = await fetch(`${url}/v1/sessions?token=${token}`, { headers: { authorization: 'Bearer wrong' } })
    const seen = {
      log: gateway.output,
      processes: ours().map((pid) => factOf(pid, 'cmdline')),
      events: [await gateway.events(session), await gateway.events(crashed)],
      sessions: await gateway.client.listSessions(),
      agents: await gateway.client.listAgents(),
      refused: await refused.text(),
      files: ['holdfast.db', 'holdfast.db-wal'].map((file) =>
        readFileSync(join(gateway.home, 'state', file), 'latin1'),
      ),
    }
    expect(refused.status).toBe(401)
    expect(seen.log).toContain('"msg":"ready"')
    const environments = ours().map((pid) => factOf(pid, 'environ'))
    expect(environments.filter((text) => text.includes(PROVIDER_KEY))).not.toEqual([])
    expect(environments.filter((text) => text.includes(token))).toEqual([])
    for (const [place, content] of Object.entries(seen)) {
      const text = JSON.stringify(content)
      expect([place, text.includes(token), text.includes(PROVIDER_KEY)]).toEqual([place, false, false])
    }
    await gateway.client.cancel(session)
  })
})

describe('H', () => {
  test('136: an agent works in the directory of its session and gets stdin, stdout and stderr from us, and no more', async () => {
    const session = await gateway.newSession()
    await gateway.ask(session, '@cwd')
    const expected = { process: gateway.workspace, session: gateway.workspace }
    expect(JSON.parse(await gateway.text(session))).toEqual(expected)
    const { outcome } = await gateway.ask(await gateway.newSession('fds'), 'hello')
    const listing = String((outcome?.error?.details as { stderr?: string } | undefined)?.stderr)
    // What the test's own environment hands to every child, and the directory that `ls` reads, are not ours.
    const bare = spawnSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' }).stdout
    expect(openIn(listing).length).toBeGreaterThanOrEqual(3)
    expect(openIn(listing)).toEqual(openIn(bare))
  })

  test('137: only an offered id is taken; a rule never picks an id that also means for ever', async () => {
    const session = await gateway.newSession()
    const { turn } = await gateway.client.prompt(session, { prompt: '@perm-options-evil' })
    const list = async (): Promise<PermissionView[]> =>
      (await gateway.client.listPermissions({ session, state: 'open' })).permissions
    await expect.poll(list, { timeout: 10_000 }).toHaveLength(1)
    const id = (await list())[0]?.id ?? ''
    for (const option_id of ['toString', 'constructor', '../../etc/passwd', 'ALWAYS']) {
      const answer = gateway.client.answerPermission(id, { option_id })
      await expect(answer).rejects.toMatchObject({ code: 'PERMISSION_OPTION_UNKNOWN' })
    }
    expect(await list()).toHaveLength(1)
    await gateway.client.answerPermission(id, { option_id: '../../etc' })
    await gateway.ended(session, turn.id)
    const ruled = await gateway.run('prompt', '--agent', 'scripted', '--approve-all', '@perm-options-evil')
    expect(ruled.code).toBe(5)
    expect(await gateway.received('permission')).toMatchObject([{ optionId: '../../etc' }, { optionId: '../../etc' }])
  })

  test('138: nothing that an agent says can act on a terminal, and JSON keeps every character of it', async () => {
    const told = await gateway.run(
      'prompt',
      '-s',
      'evil',
      '--agent',
      'scripted',
      '@evil @title \u001b[2Jx @error -32603 \u001b]0;x\u0007',
    )
    const commands = [
      ['events', 'evil'],
      ['sessions', 'show', 'evil'],
      ['sessions', 'ls'],
      ['events', 'evil', '--json'],
    ]
    const runs = [told, ...(await Promise.all(commands.map((args) => gateway.run(...args))))]
    // oxlint-disable-next-line no-control-regex -- to find them is what it is for
    const acting = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/
    for (const { stdout, stderr } of runs) expect(`${stdout}${stderr}`).not.toMatch(acting)
    const events = (runs.at(-1)?.stdout ?? '')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { data: unknown })
    expect(JSON.stringify(events)).toContain(JSON.stringify('\u001b]52;c;b3duZWQ=\u0007 <script>').slice(1, -1))
    expect(told.code).toBe(1)
  })
})
