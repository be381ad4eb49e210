// What holds in a session beside its story: modes, options, title. Told when it is another than the editor was told last.

import type { SessionId } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import { choicesOf } from './choices.ts'
import type { ChoicesView } from './choices.ts'
import type { EditorFacts } from './initialize.ts'
import type { FacadePorts } from './ports.ts'

export interface SessionStatePorts extends Pick<FacadePorts, 'service'> {
  readonly facts: EditorFacts
}

export class SessionState {
  readonly #ports: SessionStatePorts
  readonly #id: SessionId
  #told: ChoicesView = {}

  constructor(ports: SessionStatePorts, id: SessionId) {
    this.#ports = ports
    this.#id = id
  }

  /** The editor has it from the answer to a request. */
  wasTold(choices: ChoicesView): void {
    this.#told = { ...this.#told, ...choices }
  }

  /** Updates for what has changed of modes and options; both forms, so that they stay in step (F-28). */
  async changes(): Promise<JsonObject[]> {
    const { service, facts } = this.#ports
    const former = this.#told
    const now = choicesOf(await service.get(this.#id), facts.shows.booleans)
    this.wasTold(now)
    const { configOptions, modes } = now
    const currentModeId = modes?.['currentModeId']
    const isOtherMode = currentModeId !== undefined && currentModeId !== former.modes?.['currentModeId']
    const isOther =
      configOptions !== undefined && JSON.stringify(configOptions) !== JSON.stringify(former.configOptions)
    return [
      ...(isOther ? [{ sessionUpdate: 'config_option_update', configOptions }] : []),
      ...(isOtherMode ? [{ sessionUpdate: 'current_mode_update', currentModeId }] : []),
    ]
  }

  /** Nothing for a session without a title. */
  async title(): Promise<JsonObject[]> {
    const { session } = await this.#ports.service.get(this.#id)
    const title = session.terms.title ?? session.family.label
    return title === undefined ? [] : [{ sessionUpdate: 'session_info_update', title }]
  }
}
