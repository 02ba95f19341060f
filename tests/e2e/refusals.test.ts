import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { file, tarGz } from '../factories/tar'
import { keepPicture, launchBrowser } from '../support/browser'
import { freePort } from '../support/strata'
import { openHouse } from './game-house'
import type { House } from './game-house'
import { openPerson } from './person'
import type { Person } from './person'

const NODE = 'shed'
const ABSENT_IMAGE = `strata-test/absent:${process.pid}`
const talker = (image: string) =>
  tarGz(
    file(
      'strata.yaml',
      `type: master
runtime:
  image: ${image}
  command: [sh, -c, "echo up; exec sleep 1000"]
  ports: [{ name: game, protocol: tcp, container: 4000 }]
  ready: { log: up }
  stop: { graceSeconds: 1 }
  resources: { memoryMb: 64 }
`,
    ),
  )

/** A server that cannot be had as it was asked for says why, says what to do, and comes up when that was done. */
describe('what cannot be, in words on screen', () => {
  let house: House
  let browser: Browser
  let ada: Person
  let stranger: Server

  beforeAll(async () => {
    house = await openHouse(NODE)
    for (const [id, image] of Object.entries({ talker: 'strata-test/busybox:1', unpulled: ABSENT_IMAGE }))
      await house.api.expectStatus(201, 'PUT', `/templates/${id}/versions/1`, talker(image))
    browser = await launchBrowser()
    ada = await openPerson(browser, house.strata.origin)
    await ada.signIn(house.strata.admin)
    ada.complaints()
  })
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await keepPicture(ada.page, task.name)
  })
  afterAll(async () => {
    await browser?.close()
    await house?.close()
    stranger?.close()
    execFileSync('docker', ['rmi', '-f', ABSENT_IMAGE], { stdio: 'ignore' })
  })

  const open = async (name: string) => {
    await ada.go('Servers')
    await ada.role('row', { name }).getByRole('link', { name }).click()
    await ada.see(ada.role('heading', { name }))
  }
  const reason = () => ada.role('region', { name: 'State', exact: true })

  it('waits for a node that fits, and says what is in the way', async () => {
    await house.create({ name: 'nowhere', layers: [{ template: 'talker' }], placement: { region: 'mars' } })
    await open('nowhere')
    await ada.see(ada.state('Requested'))
    await ada.see(reason().getByText('No node fits'))
    await ada.see(reason().getByText('Add a node, free resources, or loosen the placement'))
    await ada.look()
    await ada.go('Overview')
    const attention = ada.role('region', { name: 'Needs you now' })
    await attention.getByRole('link', { name: 'nowhere waits for a node' }).click()
    await ada.see(ada.state('Requested'))
    expect(ada.complaints()).toEqual([])
  })

  it('gives up on an image that cannot be had, and comes up when it is there', async () => {
    await house.create({ name: 'imageless', layers: [{ template: 'unpulled' }] })
    await open('imageless')
    await ada.see(ada.state('Failed'), 90_000)
    await ada.see(reason().getByText('The image can be had neither locally nor from a registry'))
    await ada.see(reason().getByText(ABSENT_IMAGE))
    await ada.look()
    execFileSync('docker', ['tag', 'strata-test/busybox:1', ABSENT_IMAGE])
    await ada.role('button', { name: 'Retry' }).click()
    await ada.see(ada.state('Running'), 60_000)
    await ada.see(ada.role('log').getByText('up', { exact: true }))
    expect(ada.complaints()).toEqual([])
  })

  it('says that a port asked for by number is taken, and comes up when it is free', async () => {
    const host = await freePort()
    stranger = createServer().listen(host, '0.0.0.0')
    await once(stranger, 'listening')
    const ports = [{ name: 'game', protocol: 'tcp', container: 4000, host }]
    await house.create({ name: 'crowded', layers: [{ template: 'talker' }], ports })
    await open('crowded')
    await ada.see(ada.state('Failed'), 60_000)
    await ada.see(reason().getByText('The port is taken on the node'))
    await ada.see(reason().getByText(String(host)))
    await ada.look()
    stranger.close()
    await once(stranger, 'close')
    await ada.role('button', { name: 'Retry' }).click()
    await ada.see(ada.state('Running'), 60_000)
    expect(ada.complaints()).toEqual([])
  })
})
