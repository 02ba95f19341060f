import { ProcessRuntime } from '../../../agent/runtime/process'
import { describeRuntime } from '../../contracts/runtime'

const isRoot = process.getuid?.() === 0
const owner = isRoot ? { uid: 1000, gid: 1000 } : { uid: process.getuid?.() ?? 1000, gid: process.getgid?.() ?? 1000 }

describeRuntime({
  kind: 'process',
  create: dataDir => new ProcessRuntime({ dataDir, owner, isRoot }),
  image: 'none',
  listenPort: host => host,
})
