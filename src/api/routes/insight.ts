// What a session waits for, and what all sessions did since the gateway started.

import { ExplanationView, StatisticsView } from '../../wire/insight.ts'
import { explanationView, statisticsView } from '../insight-views.ts'
import { withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'
import { SessionParams } from './params.ts'

export function addInsightRoutes(app: App, { service, gateway }: RouteContext): void {
  app.get(
    '/v1/sessions/:session/explain',
    {
      schema: {
        operationId: 'explainSession',
        summary: 'What a session waits for, since when, and what ends the wait',
        params: SessionParams,
        response: withErrors({ 200: ExplanationView }),
      },
    },
    async ({ params }) => explanationView(await service.explain(params.session)),
  )
  app.get(
    '/v1/statistics',
    {
      schema: {
        operationId: 'getStatistics',
        summary: 'Turns, waits, errors and agents since the gateway started',
        response: withErrors({ 200: StatisticsView }),
      },
    },
    () => statisticsView(gateway.statistics()),
  )
}
