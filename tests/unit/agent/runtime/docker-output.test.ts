import { describe, expect, it } from 'vitest'
import { readDockerOutput, sinceOf } from '../../../../agent/runtime/docker-output'

const time = (nanos: number) => `2026-11-21T03:04:05.${String(nanos).padStart(9, '0')}Z`

function frame(stream: 1 | 2, nanos: number, text: string | Buffer): Buffer {
  const payload = Buffer.concat([Buffer.from(`${time(nanos)} `), Buffer.from(text)])
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(payload.length, 4)
  return Buffer.concat([header, payload])
}

async function read(bytes: Buffer, after: string | null = null, size = bytes.length) {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  const lines = []
  for await (const batch of readDockerOutput(chunks(), after)) lines.push(...batch)
  return lines
}

describe('Docker’s log stream', () => {
  const bytes = Buffer.concat([
    frame(1, 1, 'one\n'),
    frame(2, 2, 'error\n'),
    frame(1, 3, 'x'.repeat(100)),
    frame(1, 3, Buffer.from('grü\n')),
    frame(1, 4, 'last'),
  ])

  it('becomes lines with their times, however it is cut', async () => {
    for (const size of [1, 7, 50, bytes.length]) {
      const lines = await read(bytes, null, size)
      expect(lines.map(line => line.text)).toEqual(['one', 'error', `${'x'.repeat(100)}grü`, 'last'])
      expect(lines.map(line => line.position)).toEqual([time(1), time(2), time(3), time(4)])
    }
  })

  it('is read on from a position, without what was read', async () => {
    expect((await read(bytes, time(2))).map(line => line.text)).toEqual([`${'x'.repeat(100)}grü`, 'last'])
    expect(sinceOf(time(123_456_789))).toBe(`${Date.parse('2026-11-21T03:04:05Z') / 1000}.123456789`)
  })

  it('ends a long line whose line break the driver left out, when a message of another time comes', async () => {
    const cut = Buffer.concat([frame(1, 1, 'part '), frame(1, 1, 'whole'), frame(1, 2, 'next\n')])
    expect((await read(cut)).map(line => line.text)).toEqual(['part whole', 'next'])
  })

  it('tells milliseconds', async () => {
    expect((await read(frame(1, 250_000_000, 'x\n')))[0]?.at).toBe(Date.parse('2026-11-21T03:04:05.250Z'))
  })
})
