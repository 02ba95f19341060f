import { describe, expect, it } from 'vitest'
import type { Candidate, PlacementNeed } from '../../../../../server/domain/placement/candidate'
import { explain, rank, waitingWords } from '../../../../../server/domain/placement/rank'
import { fakeLoad, fakeSpecs } from '../../../../fakes/fake-machine'

const GIB = 1024 ** 3
const EMPTY = { total: 0, memoryMb: 0, cpus: 0, diskMb: 0 }

/** 8 CPUs and 16 GiB, nothing kept back. */
const SPECS = fakeSpecs({ memoryBytes: 16 * GIB, reserve: { memoryBytes: 0, cpus: 0, diskBytes: 0 } })
const node = (over: Partial<Candidate> = {}): Candidate => ({
  id: 'n1',
  name: 'one',
  region: 'eu',
  tags: ['ssd'],
  labels: { disk: 'ssd' },
  schedulable: true,
  contact: 'online',
  isReady: true,
  specs: SPECS,
  load: fakeLoad(0),
  usage: EMPTY,
  ...over,
})
const need = (over: Partial<PlacementNeed> = {}): PlacementNeed => ({
  resources: { memoryMb: 1_024 },
  placement: {},
  allowProcessFallback: false,
  ...over,
})
const objection = (candidate: Partial<Candidate>, wanted: Partial<PlacementNeed> = {}) =>
  rank([node(candidate)], need(wanted))[0]?.reasons.join(' ')

describe('what speaks against a node', () => {
  const docker = {
    ...SPECS,
    engine: { available: false, version: null, message: 'Docker does not answer at unix:///run/docker.sock.' },
  }
  it.each<[string, Partial<Candidate>, Partial<PlacementNeed>, RegExp]>([
    ['another was named', {}, { placement: { node: 'n2' } }, /Another node/],
    ['never joined', { contact: 'pending', specs: null }, {}, /not joined/],
    ['suspect', { contact: 'suspect' }, {}, /silent/],
    ['offline', { contact: 'offline' }, {}, /out of reach/],
    ['between two connections', { isReady: false }, {}, /no connection/],
    ['closed', { schedulable: false }, {}, /not schedulable/],
    ['another region', {}, { placement: { region: 'us' } }, /region eu; us/],
    ['no region', { region: null }, { placement: { region: 'us' } }, /no region/],
    ['a tag missing', {}, { placement: { tags: ['ssd', 'gpu'] } }, /lacks the tag gpu/],
    ['no engine', { specs: docker }, {}, /^Docker does not answer at unix:\/\/\/run\/docker\.sock\.$/],
    ['memory promised', { usage: { ...EMPTY, memoryMb: 15_361 } }, {}, /1023 MB of memory are free; 1024/],
    [
      'memory kept for the host',
      { specs: { ...SPECS, reserve: { memoryBytes: 16 * GIB, cpus: 0, diskBytes: 0 } } },
      {},
      /0 MB of memory/,
    ],
    ['fewer CPUs than wanted', {}, { resources: { cpus: 9 } }, /has 8 CPUs; 9/],
    [
      'CPUs promised over',
      { usage: { ...EMPTY, cpus: 31 } },
      { resources: { cpus: 2 } },
      /31 of 32 CPUs are promised .*each 4 times.*; 2 more are needed/,
    ],
    ['disk full', { load: { ...fakeLoad(0), diskFreeBytes: 0 } }, {}, /disk is full/],
    ['disk free, but less than wanted', {}, { resources: { diskMb: 500_000 } }, /MB of disk/],
    [
      'disk free, but promised',
      { usage: { ...EMPTY, diskMb: 511_000 } },
      { resources: { diskMb: 5_000 } },
      /1000 MB of disk/,
    ],
    [
      'as many as it may',
      { specs: { ...SPECS, maxInstances: 3 }, usage: { ...EMPTY, total: 3 } },
      {},
      /holds 3 servers/,
    ],
  ])('%s', (_name, candidate, wanted, expected) => {
    expect(objection(candidate, wanted)).toMatch(expected)
  })

  it('is nothing where it fits', () => {
    expect(objection({})).toBe('')
    expect(objection({ usage: { ...EMPTY, memoryMb: 15_360 } })).toBe('')
    expect(objection({ specs: docker }, { allowProcessFallback: true })).toBe('')
    expect(objection({ specs: { ...docker, runtime: 'process' } })).toBe('')
    expect(objection({}, { placement: { node: 'n1', region: 'eu', tags: ['ssd'] } })).toBe('')
  })
})

describe('the choice', () => {
  it('is the emptiest node, the first by name when equal', () => {
    const full = node({ id: 'a', name: 'a', usage: { ...EMPTY, total: 1, memoryMb: 8_000 } })
    const [first] = rank([full, node({ id: 'c', name: 'c' }), node({ id: 'b', name: 'b' })], need())
    expect(first?.node.name).toBe('b')
  })

  it('spreads equal servers evenly, limited or not', () => {
    for (const memoryMb of [undefined, 64]) {
      const usage = new Map(Array.from({ length: 7 }, (_, index) => [`n${index}`, { ...EMPTY }]))
      for (let server = 0; server < 100; server++) {
        const candidates = [...usage].map(([id, used]) => node({ id, name: id, usage: used }))
        const chosen = usage.get(rank(candidates, need({ resources: { memoryMb } }))[0]?.node.id ?? '')
        if (!chosen) throw new Error('none chosen')
        chosen.total++
        chosen.memoryMb += memoryMb ?? 0
      }
      const totals = [...usage.values()].map(({ total }) => total)
      expect(Math.max(...totals) - Math.min(...totals)).toBeLessThanOrEqual(1)
    }
  })

  it('explains itself', () => {
    const evaluations = rank([node({ id: 'n2', name: 'two', contact: 'offline' }), node()], need())
    expect(explain(evaluations, node())).toEqual({
      chosen: { id: 'n1', name: 'one' },
      nodes: [
        { id: 'n1', name: 'one', fits: true, reasons: [], score: 1 },
        { id: 'n2', name: 'two', fits: false, reasons: ['It is out of reach.'], score: null },
      ],
    })
  })

  it('says why an instance waits', () => {
    expect(waitingWords([])).toContain('There is no node yet')
    const many = Array.from({ length: 5 }, (_, index) => node({ name: `n${index}`, contact: 'offline' }))
    expect(waitingWords(rank(many, need()))).toMatch(/No node fits yet\. n0: It is out of reach\..* And 2 more\./)
  })
})
