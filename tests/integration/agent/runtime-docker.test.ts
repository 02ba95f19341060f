import { DockerRuntime } from '../../../agent/runtime/docker'
import { describeRuntime } from '../../contracts/runtime'

describeRuntime({
  kind: 'docker',
  create: dataDir =>
    new DockerRuntime({
      dataDir,
      address: process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock',
      nodeId: `contract-${process.pid}`,
      network: () => 'net-contract',
      owner: { uid: 1000, gid: 1000 },
    }),
  image: 'strata-test/busybox:1',
  listenPort: () => 4000,
})
