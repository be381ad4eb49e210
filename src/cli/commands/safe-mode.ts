// `holdfast safe-mode`: says whether the gateway is in it; `off` ends it. Never starts one.

import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { safeModeReason, safeModeText } from '../health-checks.ts'

export async function safeMode(context: CommandContext, _: object, change: 'off' | undefined): Promise<number> {
  const { screen } = context
  using gateway = await openGateway({ ...context, mayStart: false })
  if (change === 'off') {
    const left = await gateway.client.leaveSafeMode()
    if (screen.json) screen.record({ left })
    else screen.print(left ? 'safe mode is over: prompts are taken and queues go on\n' : 'safe mode was off\n')
    return EXIT.done
  }
  const { safe_mode: state } = await gateway.client.status()
  if (screen.json) screen.record({ safe_mode: state })
  else if (state === null) screen.print('safe mode is off\n')
  else screen.print(`safe mode is ${safeModeText(state, Date.now())}\n${safeModeReason(state)}\n`)
  return EXIT.done
}
