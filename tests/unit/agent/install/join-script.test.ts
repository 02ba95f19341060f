import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { AGENT_SETTING_NAMES } from '../../../../agent/config'

const script = readFileSync(new URL('../../../../agent/install/join.sh', import.meta.url), 'utf8')

it('keeps every setting of the agent for its service or container, but never the join token', () => {
  const kept = /^kept_settings='([^']+)'/m.exec(script)?.[1]?.split(/\s+/) ?? []
  expect(kept.toSorted()).toEqual(AGENT_SETTING_NAMES.filter(name => name !== 'STRATA_JOIN_TOKEN').toSorted())
})
