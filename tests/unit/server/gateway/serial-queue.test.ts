import { describe, expect, it } from 'vitest'
import { createSerialQueue } from '../../../../server/gateway/serial-queue'

const pause = () => new Promise<void>(resolve => setImmediate(resolve))

function makeQueue(limit = 100) {
  const errors: unknown[] = []
  return { errors, queue: createSerialQueue({ limit, onError: error => errors.push(error) }) }
}

describe('a serial queue', () => {
  it('runs one task at a time, in order, also those pushed by a task', async () => {
    const { queue } = makeQueue()
    const log: string[] = []
    const task = (name: string) => async () => {
      log.push(`${name} begins`)
      await pause()
      log.push(`${name} ends`)
    }
    queue.push(async () => {
      queue.push(task('third'))
      await task('first')()
    })
    queue.push(task('second'))
    await queue.idle()
    expect(log).toEqual(['first begins', 'first ends', 'third begins', 'third ends', 'second begins', 'second ends'])
  })

  it('goes on after an error, which it tells', async () => {
    const { queue, errors } = makeQueue()
    let ran = false
    queue.push(async () => {
      throw new Error('broken')
    })
    queue.push(async () => void (ran = true))
    await queue.idle()
    expect(ran).toBe(true)
    expect(errors).toMatchObject([{ message: 'broken' }])
  })

  it('takes no more than its limit, and forgets what waits when it is cleared', async () => {
    const { queue } = makeQueue(2)
    const ran: number[] = []
    const taken = [0, 1, 2, 3].map(index =>
      queue.push(async () => {
        await pause()
        ran.push(index)
      }),
    )
    expect(taken).toEqual([true, true, true, false])
    queue.clear()
    await queue.idle()
    expect(ran).toEqual([0])
    queue.push(async () => void ran.push(9))
    await queue.idle()
    expect(ran).toEqual([0, 9])
  })
})
