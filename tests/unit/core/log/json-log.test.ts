import { expect, it } from 'vitest'
import { createJsonLog } from '../../../../core/log/json-log'
import { AppError } from '../../../../shared/errors'

const SENTINEL = 'hush-4711'

function logged(write: (log: ReturnType<typeof createJsonLog>) => void): { text: string; lines: unknown[] } {
  const lines: string[] = []
  write(createJsonLog('debug', { write: line => void lines.push(line) }))
  return { text: lines.join(''), lines: lines.map(line => JSON.parse(line) as unknown) }
}

it('cuts secrets out at any depth, whatever the case of their names', () => {
  const { text, lines } = logged(log =>
    log.info(
      {
        password: SENTINEL,
        spec: { name: 'lobby', layers: [{ builtins: { A: SENTINEL } }], variables: { A: SENTINEL } },
        headers: { Cookie: SENTINEL, Authorization: `Bearer ${SENTINEL}` },
        url: `https://store.example/blobs/a?X-Amz-Signature=${SENTINEL}&x=1`,
        proxy: `http://me:${SENTINEL}@proxy.example/`,
        note: `sent strata_${SENTINEL}${'x'.repeat(40)}`,
      },
      'words',
    ),
  )
  expect(text).not.toContain(SENTINEL)
  expect(lines[0]).toMatchObject({ msg: 'words', password: '[secret]', spec: { name: 'lobby', variables: '[secret]' } })
  expect(text).toContain('https://store.example/blobs/a?[secret]')
})

it('tells of an error what happened and where, not what was sent', () => {
  const query = Object.assign(new Error(`Failed query: insert …\nparams: ${SENTINEL}`), {
    query: 'insert',
    params: [SENTINEL],
    code: 'SQLITE_FULL',
  })
  const error = new AppError('INTERNAL', 'Something broke', { cause: query })
  Object.assign(error, { config: { headers: SENTINEL }, json: { message: SENTINEL } })
  const { text, lines } = logged(log => log.error({ err: error }, 'A request met a defect'))
  expect(text).not.toContain(SENTINEL)
  expect(lines[0]).toMatchObject({ err: { code: 'INTERNAL', cause: { message: 'Failed query', code: 'SQLITE_FULL' } } })
  expect(text).toContain('json-log.test.ts')
})

it('keeps one line one line, whatever a name holds', () => {
  const forged = 'lobby\n{"level":60,"msg":"forged"}\u2028\r\u001b[2J'
  const { text, lines } = logged(log => log.info({ name: forged }, forged))
  expect(text.trimEnd().split('\n')).toHaveLength(1)
  expect(text).not.toContain('\u001b')
  expect(lines[0]).toMatchObject({ name: forged, msg: forged })
})
