import { describe, expect, it } from 'vitest'
import { mergeRuntime } from '../../../../core/variables/merge-runtime'
import type { Manifest } from '../../../../shared/schemas/manifest'
import { manifest } from '../../../../shared/schemas/manifest'

const merge = (...sections: unknown[]) => mergeRuntime(sections.map((runtime): Manifest => manifest.parse({ runtime })))

describe('mergeRuntime', () => {
  it('is empty without layers that say anything', () => {
    expect(merge(undefined, undefined)).toEqual({})
  })

  it('takes image, command and workdir whole from the last layer that has them', () => {
    expect(merge({ image: 'a', command: ['x', 'y'] }, { command: ['z'], workdir: '/w' }, undefined)).toEqual({
      image: 'a',
      command: ['z'],
      workdir: '/w',
    })
  })

  it('merges env, exit codes, resources and stop key by key', () => {
    expect(
      merge(
        {
          env: { A: '1', B: '1' },
          exitCodes: { 8: 'restart', 9: 'stop' },
          resources: { memoryMb: 1_000, cpus: 2 },
          stop: { input: 'stop', graceSeconds: 5 },
        },
        { env: { B: '2' }, exitCodes: { 9: 'crash' }, resources: { memoryMb: 2_000 }, stop: { graceSeconds: 60 } },
      ),
    ).toEqual({
      env: { A: '1', B: '2' },
      exitCodes: { 8: 'restart', 9: 'crash' },
      resources: { memoryMb: 2_000, cpus: 2 },
      stop: { input: 'stop', graceSeconds: 60 },
    })
  })

  it('replaces a port of the same name as a whole, in its place', () => {
    const ports = [
      { name: 'game', protocol: 'udp', container: 1, expose: 'private' },
      { name: 'query', protocol: 'udp' },
    ]
    expect(
      merge(
        { ports },
        {
          ports: [
            { name: 'web', protocol: 'tcp' },
            { name: 'game', protocol: 'tcp' },
          ],
        },
      ).ports,
    ).toEqual([
      { name: 'game', protocol: 'tcp', expose: 'public' },
      { name: 'query', protocol: 'udp', expose: 'public' },
      { name: 'web', protocol: 'tcp', expose: 'public' },
    ])
  })

  it('lets one signal of readiness replace another, and a time limit alone only the limit', () => {
    expect(merge({ ready: { log: 'Done', timeoutSeconds: 300 } }, { ready: { tcp: 'game' } }).ready).toEqual({
      tcp: 'game',
      timeoutSeconds: 300,
    })
    expect(merge({ ready: { http: 'web', path: '/up' } }, { ready: { timeoutSeconds: 9 } }).ready).toEqual({
      http: 'web',
      path: '/up',
      timeoutSeconds: 9,
    })
  })
})
