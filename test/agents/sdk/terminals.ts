// All five methods of terminals: one that ends by itself, one that is killed.

import type { Turn } from './turn.ts'

export async function runTerminals(turn: Turn): Promise<void> {
  const { sessionId, client, session } = turn
  const script = 'printf "%s in %s" "$WORD" "$PWD"; exit 3'
  const env = [{ name: 'WORD', value: 'two words' }]
  const { cwd } = session.equipment
  const short = await client.createTerminal({
    sessionId,
    command: 'sh',
    args: ['-c', script],
    env,
    cwd,
    outputByteLimit: 1000,
  })
  await turn.tell({
    sessionUpdate: 'tool_call',
    toolCallId: 'run-1',
    title: 'sh',
    kind: 'execute',
    status: 'in_progress',
    content: [{ type: 'terminal', terminalId: short.id }],
  })
  const exit = await short.waitForExit()
  const output = await short.currentOutput()
  await short.release()
  await turn.tell({ sessionUpdate: 'tool_call_update', toolCallId: 'run-1', status: 'completed' })
  const long = await client.createTerminal({
    sessionId,
    command: 'sleep',
    args: ['100'],
    cwd: null,
    outputByteLimit: null,
  })
  const running = await long.currentOutput()
  const abort = new AbortController()
  const wait = { sessionId, terminalId: long.id }
  const withdrawn = client
    .request('terminal/wait_for_exit', wait, { cancellationSignal: abort.signal })
    .catch(({ code }) => Number(code))
  setImmediate(() => abort.abort())
  const takenBack = await withdrawn
  await long.kill()
  const killed = await long.waitForExit()
  await long.release()
  const gone = await long.currentOutput().then(JSON.stringify, ({ code }) => Number(code))
  await turn.report({ exit, output, running, takenBack, killed, gone })
}
