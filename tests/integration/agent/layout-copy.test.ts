import { describeLayout } from '../../contracts/layout'

describeLayout({
  layout: 'copy',
  mount({ mount }) {
    if (mount.kind !== 'directory') throw new Error('the copy layout describes a directory')
    return mount.path
  },
  unmount: () => undefined,
})
