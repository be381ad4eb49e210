// Parts of paths.

import { Type } from 'typebox'

export const SessionParams = Type.Object({
  session: Type.String({ minLength: 1, maxLength: 200, description: 'Id or key of the session.' }),
})

export const TurnParams = Type.Object({
  session: Type.String({ minLength: 1, maxLength: 200, description: 'Id or key of the session.' }),
  turn: Type.String({ minLength: 1, maxLength: 64 }),
})

export const TaskParams = Type.Object({ task: Type.String({ minLength: 1, maxLength: 64 }) })

export const RuleParams = Type.Object({ rule: Type.String({ minLength: 1, maxLength: 64 }) })

export const ElicitationParams = Type.Object({ elicitation: Type.String({ minLength: 1, maxLength: 64 }) })

export const PermissionParams = Type.Object({ permission: Type.String({ minLength: 1, maxLength: 64 }) })
