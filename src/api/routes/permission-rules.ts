// /v1/permission-rules: standing answers to permission requests.

import type { RuleId } from '../../base/ids.ts'
import {
  PermissionRuleCreate,
  PermissionRuleList,
  PermissionRuleQuery,
  PermissionRuleView,
} from '../../wire/permission-rule.ts'
import { ruleRequest, ruleView } from '../permission-rule-view.ts'
import { sessionIdOf, withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'
import { RuleParams } from './params.ts'

const PAGE_LIMIT = 100

export function addPermissionRuleRoutes(app: App, context: RouteContext): void {
  const { service, permissions } = context
  const viewOf = async (rule: Parameters<typeof ruleView>[0]): Promise<PermissionRuleView> =>
    ruleView(rule, rule.sessionNo === undefined ? undefined : await service.sessionIdOf(rule.sessionNo))
  app.get(
    '/v1/permission-rules',
    {
      schema: {
        operationId: 'listPermissionRules',
        summary: 'Standing permission rules, newest first; with all=true revoked and expired ones too',
        querystring: PermissionRuleQuery,
        response: withErrors({ 200: PermissionRuleList }),
      },
    },
    async ({ query: { all = false, limit = PAGE_LIMIT } }) => ({
      rules: await Promise.all((await permissions.rules({ all }, limit)).map(viewOf)),
    }),
  )
  app.post(
    '/v1/permission-rules',
    {
      schema: {
        operationId: 'createPermissionRule',
        summary: 'Add a standing permission rule; in force when this answers',
        body: PermissionRuleCreate,
        response: withErrors({ 201: PermissionRuleView }),
      },
    },
    async ({ body }, reply) => {
      const sessionId = body.session === undefined ? undefined : await sessionIdOf(context, body.session)
      const rule = await permissions.addRule(ruleRequest(body, sessionId), body.created_by ?? 'api')
      return reply.code(201).send(await viewOf(rule))
    },
  )
  app.delete(
    '/v1/permission-rules/:rule',
    {
      schema: {
        operationId: 'revokePermissionRule',
        summary: 'Revoke a rule; it stays to be seen',
        params: RuleParams,
        response: withErrors({ 200: PermissionRuleView }),
      },
    },
    async ({ params }) => viewOf(await permissions.revokeRule(params.rule as RuleId, 'api')),
  )
}
