import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { InstancePort } from '../../../../../shared/schemas/instance'
import { givePorts } from '../../../../../server/domain/ports/give-ports'

const port = (over: Partial<InstancePort> = {}): InstancePort => ({
  name: 'game',
  protocol: 'udp',
  container: null,
  host: null,
  expose: 'public',
  fixed: false,
  ...over,
})
const RANGE = { from: 100, to: 102 }
const give = (ports: InstancePort[], unavailable: string[] = [], setAside: string[] = []) =>
  givePorts(ports, { range: RANGE, unavailable: new Set(unavailable), setAside: new Set(setAside) })
const hosts = (ports: readonly InstancePort[]) => ports.map(({ host }) => host)

describe('giving host ports', () => {
  it('gives the lowest free one of the right protocol', () => {
    expect(hosts(give([port()], ['udp/100', 'tcp/101']).ports)).toEqual([101])
  })

  it('lets a port keep what it has, unless a stranger holds it', () => {
    expect(hosts(give([port({ host: 102 })]).ports)).toEqual([102])
    expect(hosts(give([port({ host: 102 })], [], ['udp/102']).ports)).toEqual([100])
  })

  it('gives a fixed one exactly as asked, also outside the range and where a stranger was seen', () => {
    expect(hosts(give([port({ host: 7, fixed: true })], [], ['udp/7']).ports)).toEqual([7])
  })

  it('says that a fixed one is held by another, and gives nothing instead', () => {
    const { ports, problems } = give([port({ host: 100, fixed: true })], ['udp/100'])
    expect(hosts(ports)).toEqual([null])
    expect(problems).toEqual([{ port: 'game', message: expect.stringContaining('Port 100/udp (game) is held') }])
  })

  it('gives no number away that a later port asked for', () => {
    const both = [port(), port({ name: 'query', host: 100, fixed: true })]
    expect(hosts(give(both).ports)).toEqual([101, 100])
  })

  it('gives nothing to a port that is not exposed', () => {
    expect(hosts(give([port({ expose: 'none', container: 5 })]).ports)).toEqual([null])
  })

  it('says when the range is full', () => {
    const { problems } = give([port()], ['udp/100', 'udp/101'], ['udp/102'])
    expect(problems[0]?.message).toContain('No udp port is free between 100 and 102')
  })

  it('never gives one twice, nor one that is held', () => {
    const wanted = fc.array(
      fc.record({
        protocol: fc.constantFrom('tcp' as const, 'udp' as const),
        host: fc.option(fc.integer({ min: 98, max: 104 })),
        fixed: fc.boolean(),
        expose: fc.constantFrom('public' as const, 'private' as const, 'none' as const),
      }),
      { maxLength: 6 },
    )
    const taken = fc.array(fc.constantFrom<string>('tcp/100', 'tcp/101', 'udp/100', 'udp/102'))
    fc.assert(
      fc.property(wanted, taken, (list, held) => {
        const ports = list.map((over, index) =>
          port({ ...over, name: `p${index}`, fixed: over.fixed && over.host !== null }),
        )
        const { ports: given, problems } = give(ports, held)
        const keys = given.flatMap(({ protocol, host }) => (host === null ? [] : [`${protocol}/${host}`]))
        expect(new Set(keys).size).toBe(keys.length)
        expect(keys.filter(key => held.includes(key))).toEqual([])
        const unserved = given.filter(({ host, expose }) => host === null && expose !== 'none').map(({ name }) => name)
        expect(problems.map(problem => problem.port).sort()).toEqual(unserved.sort())
      }),
    )
  })
})
