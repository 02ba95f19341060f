import { expect, it } from 'vitest'
import { exposeAll } from '../../../../server/metrics/exposition'

it('escapes what a name may hold, and leaves out what has no samples', async () => {
  const text = await exposeAll([
    { name: 'a', type: 'gauge', help: 'One\nline', samples: [{ labels: { name: 'x"\\\n{}' }, value: 0.5 }] },
    { name: 'b', type: 'counter', help: 'None', samples: [] },
    { name: 'c_total', type: 'counter', help: 'Bare', samples: [{ labels: {}, value: 3 }] },
  ])
  expect(text).toBe(
    '# HELP a One\\nline\n# TYPE a gauge\na{name="x\\"\\\\\\n{}"} 0.5\n# HELP c_total Bare\n# TYPE c_total counter\nc_total 3\n',
  )
})

it('lets others have a turn while it writes a long text', async () => {
  const turns: string[] = []
  const samples = Array.from({ length: 50_000 }, (_, id) => ({ labels: { id: `i-${id}` }, value: 1 }))
  const written = exposeAll([{ name: 'a', type: 'gauge', help: 'Many', samples }]).then(() => turns.push('text'))
  setImmediate(() => turns.push('somebody else'))
  await written
  expect(turns).toEqual(['somebody else', 'text'])
})
