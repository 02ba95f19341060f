import { expect, it } from 'vitest'
import { auditChoiceFrom, auditChoiceQuery, auditQuery, isAuditFiltered } from '../../../../composables/audit/choice'

it('stands in the address and comes back from it', () => {
  const choice = auditChoiceFrom({ text: 'a b', outcome: 'refused', strange: 'x', kind: ['node', 'user'] })
  expect(auditChoiceQuery(choice)).toEqual({ text: 'a b', outcome: 'refused' })
  expect(isAuditFiltered(choice)).toBe(true)
  expect(isAuditFiltered(auditChoiceFrom({}))).toBe(false)
})

it('asks the brain for whole days of this time zone, the last one included', () => {
  const asked = auditQuery(
    auditChoiceFrom({ since: '2026-11-20', until: '2026-11-20', actor: 'u1', actorName: 'Anna' }),
  )
  expect(asked).toEqual({
    actor: 'u1',
    since: String(new Date(2026, 10, 20).getTime()),
    until: String(new Date(2026, 10, 21).getTime()),
  })
  expect(auditQuery(auditChoiceFrom({ since: 'yesterday' }))).toEqual({})
})
