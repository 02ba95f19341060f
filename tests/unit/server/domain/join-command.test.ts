import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { joinCommand } from '../../../../server/domain/join-command'

const input = {
  brainUrl: new URL('https://strata.example.org'),
  joinToken: 'token_-token',
  nodeName: 'rack 1',
  agentSha256: 'ab'.repeat(32),
  authority: null,
}

describe('the command that joins a machine', () => {
  it('fetches the agent, checks it, and runs it, in one line', () => {
    expect(joinCommand(input)).toBe(
      'curl -fsSL -o strata-agent.mjs https://strata.example.org/agent/strata-agent.mjs' +
        ` && echo '${'ab'.repeat(32)}  strata-agent.mjs' | sha256sum -c -` +
        " && STRATA_BRAIN_URL=https://strata.example.org STRATA_JOIN_TOKEN=token_-token STRATA_NODE_NAME='rack 1' node strata-agent.mjs",
    )
  })

  it.each([
    ['http://strata.example.org:3000', true],
    ['http://192.0.2.7:3000', true],
    ['http://127.0.0.1:3000', false],
    ['http://localhost:3000', false],
    ['http://[::1]:3000', false],
    ['https://strata.example.org', false],
  ])('allows plain HTTP only where it has to: %s', (brainUrl, isAllowed) => {
    const command = joinCommand({ ...input, brainUrl: new URL(brainUrl) })
    expect(command.includes('STRATA_ALLOW_HTTP=on')).toBe(isAllowed)
  })

  it.each([`it's "here"; $(touch /tmp/x) \`id\` && echo`, "'", '-n', 'a\\b', '💥'])(
    'hands the name %s over as it is',
    nodeName => {
      const command = joinCommand({ ...input, nodeName })
      const assignment = command.slice(command.indexOf('STRATA_NODE_NAME='), command.lastIndexOf(' node '))
      const printed = execFileSync('sh', ['-c', `${assignment}; printf %s "$STRATA_NODE_NAME"`], { encoding: 'utf8' })
      expect(printed).toBe(nodeName)
    },
  )

  it('leaves the check out when there is nothing to check against', () => {
    expect(joinCommand({ ...input, agentSha256: null })).not.toContain('sha256sum')
  })
})
