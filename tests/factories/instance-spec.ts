import type { InstanceSpec } from '../../shared/protocol/agent'

/** A valid spec for one instance; every part can be given. */
export function instanceSpec(given: Partial<InstanceSpec> & Pick<InstanceSpec, 'layers'>): InstanceSpec {
  return {
    id: 'i-test',
    name: 'Test',
    variables: {},
    builtins: {},
    ports: [],
    persistent: true,
    allowProcessFallback: false,
    runtime: {
      image: 'busybox',
      command: ['true'],
      workdir: '/server',
      env: {},
      ready: {},
      stop: { signal: 'SIGTERM', graceSeconds: 10 },
      exitCodes: {},
      restart: { policy: 'on-failure' },
      resources: {},
    },
    ...given,
  }
}
