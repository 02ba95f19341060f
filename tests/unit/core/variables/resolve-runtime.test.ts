import { describe, expect, it } from 'vitest'
import { resolveRuntime, runtimePlaceholders } from '../../../../core/variables/resolve-runtime'
import type { RuntimeOverrides } from '../../../../core/variables/resolve-runtime'
import { POLICY } from '../../../../shared/domain/policy'
import { runtimeSection } from '../../../../shared/schemas/runtime'

const resolve = (section: unknown, values: Record<string, string> = {}, overrides?: RuntimeOverrides) =>
  resolveRuntime(runtimeSection.parse(section), new Map(Object.entries(values)), overrides)

describe('resolveRuntime', () => {
  it('gives defaults to what nobody said', () => {
    expect(resolve({ image: 'busybox' })).toEqual({
      image: 'busybox',
      command: [],
      workdir: '/server',
      env: {},
      ready: { timeoutSeconds: POLICY.ready.timeoutSeconds },
      stop: { signal: 'SIGTERM', graceSeconds: POLICY.stop.graceSeconds },
      exitCodes: {},
      restart: { policy: 'on-failure' },
      resources: { memoryMb: POLICY.limits.memoryMb, pids: POLICY.limits.pids },
    })
  })

  it('fills in every string, literally', () => {
    const section = {
      image: 'repo/${NAME}:1',
      command: ['run', '-Xmx${HEAP_MB}m', '$${NAME}', '${UNKNOWN}'],
      workdir: '/srv/${NAME}',
      env: { TOKEN: '${TOKEN}' },
      ports: [{ name: 'web', protocol: 'tcp' }],
      ready: { http: 'web', path: '/${NAME}' },
      stop: { input: 'stop ${NAME}' },
    }
    expect(resolve(section, { NAME: 'lobby', HEAP_MB: '512', TOKEN: `$& ${'x'.repeat(8_000)}` })).toMatchObject({
      image: 'repo/lobby:1',
      command: ['run', '-Xmx512m', '${NAME}', '${UNKNOWN}'],
      workdir: '/srv/lobby',
      env: { TOKEN: `$& ${'x'.repeat(8_000)}` },
      ready: { http: 'web', path: '/lobby' },
      stop: { input: 'stop lobby' },
    })
  })

  it('puts the wishes of the instance over those of the layers', () => {
    const section = { image: 'x', resources: { memoryMb: 100, cpus: 2 }, restart: { policy: 'never' } }
    expect(resolve(section, {}, { resources: { memoryMb: 300 }, restart: { policy: 'always' } })).toMatchObject({
      resources: { memoryMb: 300, cpus: 2, pids: POLICY.limits.pids },
      restart: { policy: 'always' },
    })
    expect(resolve(section, {}, { restart: null }).restart).toEqual({ policy: 'never' })
  })

  it('needs an image, and the port that readiness names', () => {
    expect(() => resolve({ command: ['x'], ready: { tcp: 'game' } })).toThrow(
      expect.objectContaining({
        code: 'RUNTIME_INCOMPLETE',
        issues: [
          expect.objectContaining({ path: 'runtime.image' }),
          expect.objectContaining({ path: 'runtime.ready.tcp' }),
        ],
      }),
    )
    expect(resolve({ image: 'x', ready: { tcp: 'game' } }, {}, { portNames: ['game'] }).ready).toMatchObject({
      tcp: 'game',
    })
  })

  it.each([
    ['image', { image: 'x:${V}' }, ' --privileged'],
    ['workdir', { image: 'x', workdir: '/srv/${V}' }, '../../etc'],
    ['stop.input', { image: 'x', stop: { input: 'say ${V}' } }, 'bye\nop somebody'],
  ])('refuses a value that makes %s invalid', (at, section, value) => {
    expect(() => resolve(section, { V: value })).toThrow(
      expect.objectContaining({
        code: 'VARIABLE_INVALID',
        issues: [expect.objectContaining({ path: `runtime.${at}` })],
      }),
    )
  })

  it('refuses a command that grows beyond what a system takes', () => {
    const section = { image: 'x', command: Array.from({ length: 200 }, () => '${V}${V}') }
    expect(() => resolve(section, { V: 'v'.repeat(8_000) })).toThrow(
      expect.objectContaining({ code: 'VARIABLE_INVALID' }),
    )
  })

  it('tells where variables stand', () => {
    expect(
      runtimePlaceholders({ image: 'x', command: ['a', '${A} ${B}'], env: { E: '${A}' }, stop: { input: '${C}' } }),
    ).toEqual([
      { at: 'runtime.command[1]', names: ['A', 'B'] },
      { at: 'runtime.env.E', names: ['A'] },
      { at: 'runtime.stop.input', names: ['C'] },
    ])
  })
})
