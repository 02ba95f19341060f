import { expect, it } from 'vitest'
import { createLog } from '../../../../server/brain/log'

it('cuts secrets out, at the top and below', () => {
  const lines: string[] = []
  const log = createLog('info', { write: line => void lines.push(line) })
  log.info(
    {
      password: 'hush',
      body: { token: 'hush', name: 'x' },
      spec: { inner: { variables: { A: 'hush' } } },
      headers: { cookie: 'hush', authorization: 'hush' },
    },
    'words',
  )
  expect(lines.join()).not.toContain('hush')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'words', body: { name: 'x', token: '[secret]' } })
})
