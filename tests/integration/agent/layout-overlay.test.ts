import { execFileSync } from 'node:child_process'
import { describeLayout } from '../../contracts/layout'

describeLayout({
  layout: 'overlay',
  mount({ mount }, at) {
    if (mount.kind !== 'volume') throw new Error('the overlay layout describes a volume')
    execFileSync('mount', ['-t', mount.options.type, mount.options.device, '-o', mount.options.o, at])
    return at
  },
  unmount(at) {
    execFileSync('umount', [at])
  },
})
