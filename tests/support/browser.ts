import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { findProgram } from './packages.ts'
import { openSocksDoor } from './socks-door.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** The system's Chromium; throws when there is none, because a browser test without a browser proves nothing. */
export async function findBrowser(): Promise<string> {
  const path = await findProgram(...NAMES)
  if (!path) throw new Error(`The browser tests need Chromium; none of ${NAMES.join(', ')} is on the path.`)
  return path
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Whatever a page asks for, no name is ever looked up.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
]

/** A network that never changes, not even by giving itself IPv6 addresses: Chromium takes it for a connection, and it leads nowhere. */
const ROOM = [
  'ip link set lo up',
  'ip link add room0 type veth peer name room1',
  'ip link set room0 addrgenmode none',
  'ip link set room1 addrgenmode none',
  'ip addr add 10.0.0.1/24 dev room0',
  'ip link set room0 up',
  'ip link set room1 up',
  'exec "$0" "$@"',
].join(' && ')

/**
 * A headless browser with a fresh profile that talks to nobody but the pages it is sent to.
 *
 * As root it lives in a network namespace of its own, with a tunnel to this machine's loopback: Chromium breaks off every
 * request under way (ERR_NETWORK_CHANGED) when an interface comes or goes, and Docker makes and removes them all the time.
 */
export async function launchBrowser(): Promise<Browser> {
  const program = await findBrowser()
  if (process.getuid?.() !== 0) return chromium.launch({ executablePath: program, args: FLAGS })

  const folder = await mkdtemp(join(tmpdir(), 'strata-browser-'))
  const socket = join(folder, 'door')
  const door = await openSocksDoor(socket)
  const wrapper = join(folder, 'chromium')
  const inside = [process.execPath, fileURLToPath(new URL('browser-room.mjs', import.meta.url)), socket, program]
  const line = ['unshare', '--net', 'sh', '-c', ROOM, ...inside].map(word => `'${word}'`).join(' ')
  await writeFile(wrapper, `#!/bin/sh\nexec ${line} "$@"\n`, { mode: 0o700 })
  const browser = await chromium.launch({
    executablePath: wrapper,
    args: [...FLAGS, '--proxy-server=socks5://127.0.0.1:1080', '--proxy-bypass-list=<-loopback>'],
  })
  browser.on('disconnected', () => {
    door.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return browser
}

let pictures: string | undefined

/** Keeps what is on screen for whoever has to find out why a test failed, and says where. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  pictures ??= await mkdtemp(join(tmpdir(), 'strata-pictures-'))
  const path = join(pictures, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.png`)
  await page.screenshot({ path, fullPage: true })
  console.error(`Picture of the page: ${path}`)
}
