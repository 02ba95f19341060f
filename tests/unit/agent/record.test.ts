import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { RecordStore } from '../../../agent/record'
import { agentRecord } from '../../factories/agent-record'
import { temporaryFolder } from '../../support/temporary-folder'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
const instances = () => join(folder.path, 'instances')
beforeEach(async () => {
  folder = await temporaryFolder()
  mkdirSync(instances())
})
afterEach(() => folder.remove())

it('keeps records for the agent alone, the last write last', async () => {
  const store = new RecordStore(folder.path)
  const record = agentRecord()
  await Promise.all(
    Array.from({ length: 20 }, (_, seq) => {
      record.seq = seq
      return store.save(record)
    }),
  )
  expect(readdirSync(instances())).toEqual(['i-test.json'])
  expect(statSync(join(instances(), 'i-test.json')).mode & 0o777).toBe(0o600)
  expect((await new RecordStore(folder.path).load()).records).toEqual([{ ...record, seq: 19 }])
  await store.remove('i-test')
  await store.remove('i-test')
  expect(readdirSync(instances())).toEqual([])
})

it('leaves a record that it cannot read, tells of it, and removes only writes that were cut off', async () => {
  const store = new RecordStore(folder.path)
  await store.save(agentRecord())
  writeFileSync(join(instances(), 'i-broken.json'), '{"format":1')
  writeFileSync(join(instances(), 'i-test.json.123.tmp'), '{')
  await store.sweep()
  const { records, broken } = await store.load()
  expect(records).toHaveLength(1)
  expect(broken.map(({ file }) => file)).toEqual([join(instances(), 'i-broken.json')])
  expect(readdirSync(instances()).sort()).toEqual(['i-broken.json', 'i-test.json'])
})
