import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { joinCommands } from '../../../../server/domain/join-command'

const input = {
  brainUrl: new URL('https://strata.example.org'),
  joinToken: 'token_-token',
  nodeName: 'rack 1',
  scriptSha256: 'ab'.repeat(32),
  authority: null,
}

describe('the command that joins a machine', () => {
  it('fetches the script, checks it, and runs it, in one line', () => {
    const { node, docker } = joinCommands(input)
    expect(node).toBe(
      'curl -fsSL -o strata-join.sh https://strata.example.org/agent/join.sh' +
        ` && echo '${'ab'.repeat(32)}  strata-join.sh' | sha256sum -c -` +
        " && STRATA_BRAIN_URL=https://strata.example.org STRATA_JOIN_TOKEN=token_-token STRATA_NODE_NAME='rack 1' sh strata-join.sh",
    )
    expect(docker).toBe(`${node} --docker`)
  })

  it.each([
    ['http://strata.example.org:3000', true],
    ['http://192.0.2.7:3000', true],
    ['http://127.0.0.1:3000', false],
    ['http://localhost:3000', false],
    ['http://[::1]:3000', false],
    ['https://strata.example.org', false],
  ])('allows plain HTTP only where it has to: %s', (brainUrl, isAllowed) => {
    const { node } = joinCommands({ ...input, brainUrl: new URL(brainUrl) })
    expect(node.includes('STRATA_ALLOW_HTTP=on')).toBe(isAllowed)
  })

  it.each([`it's "here"; $(touch /tmp/x) \`id\` && echo`, "'", '-n', 'a\\b', '💥'])(
    'hands the name %s over as it is',
    nodeName => {
      const { node } = joinCommands({ ...input, nodeName })
      const assignment = node.slice(node.indexOf('STRATA_NODE_NAME='), node.lastIndexOf(' sh '))
      const printed = execFileSync('sh', ['-c', `${assignment}; printf %s "$STRATA_NODE_NAME"`], { encoding: 'utf8' })
      expect(printed).toBe(nodeName)
    },
  )

  it('leaves the check out when there is nothing to check against', () => {
    expect(joinCommands({ ...input, scriptSha256: null }).node).not.toContain('sha256sum')
  })
})
