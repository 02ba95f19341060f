import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { waitFor } from '../support/wait-for'
import { openStrata } from '../support/strata'
import { file, tar } from '../factories/tar'
import { median } from './bench-table'

const run = promisify(execFile)
const ROUNDS = Number(process.env.STRATA_BENCH_ROUNDS ?? 15)
const IMAGE = 'strata-test/busybox:1'

/** Ready at once: it has nothing to wait for. */
const ARCHIVE = tar(
  file(
    'strata.yaml',
    JSON.stringify({
      type: 'master',
      runtime: { image: IMAGE, command: ['sleep', '600'], workdir: '/server', stop: { graceSeconds: 0 } },
    }),
  ),
  file('motd.txt', 'Welcome to ${INSTANCE_NAME}'),
)

/**
 * How long from "create" over the API until a server is RUNNING, its layers warm, against a bare `docker run -d` of the same
 * image and command, in turn. Prints each median and the ratio.
 */
async function main(): Promise<void> {
  const strata = await openStrata({ STRATA_LOG_LEVEL: 'warn' })
  try {
    await strata.startBrain()
    const api = await strata.signIn()
    const { body } = await api.expectStatus(201, 'POST', '/nodes', { name: 'bench' })
    strata.startAgent('bench', { STRATA_JOIN_TOKEN: String(body.joinToken), STRATA_NODE_PORTS: '28200-28299' })
    await api.expectStatus(201, 'PUT', '/templates/bench/versions/1', ARCHIVE)
    await waitFor(
      'the node to be online',
      async () => ((await api.call('GET', '/nodes')).body.items ?? [])[0]?.contact === 'online',
    )

    const times: { strata: number[]; docker: number[] } = { strata: [], docker: [] }
    for (let round = -1; round < ROUNDS; round += 1) {
      const dockerMs = await timeDockerRun(`strata-bench-${process.pid}-${round + 1}`)
      const began = performance.now()
      const made = await api.expectStatus(201, 'POST', '/instances', {
        name: `bench-${round + 1}`,
        layers: [{ template: 'bench' }],
      })
      const id = String(made.body.id)
      await api.state(id, 'RUNNING')
      const strataMs = performance.now() - began
      await api.expectStatus(202, 'DELETE', `/instances/${id}`)
      await api.state(id, 'DESTROYED')
      // The first round warms layers, image and programs up.
      if (round < 0) continue
      times.strata.push(strataMs)
      times.docker.push(dockerMs)
    }
    const [ours, theirs] = [median(times.strata), median(times.docker)]
    process.stdout.write(
      `create → RUNNING ${ours.toFixed(0)} ms, docker run -d ${theirs.toFixed(0)} ms, ratio ${(ours / theirs).toFixed(2)} (medians of ${ROUNDS}, in turn)\n`,
    )
  } finally {
    await strata.close()
  }
}

async function timeDockerRun(name: string): Promise<number> {
  const began = performance.now()
  await run('docker', ['run', '-d', '--name', name, IMAGE, 'sleep', '600'])
  const took = performance.now() - began
  await run('docker', ['rm', '-fv', name])
  return took
}

await main()
