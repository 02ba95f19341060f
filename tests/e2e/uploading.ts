import type { Locator, Page } from 'playwright-core'

/** Drops files on something, as from a folder on the desktop. */
export async function dropFiles(target: Locator, files: Record<string, Buffer>): Promise<void> {
  const dataTransfer = await target.page().evaluateHandle(
    contents => {
      const data = new DataTransfer()
      for (const [name, bytes] of contents) data.items.add(new File([Uint8Array.from(bytes)], name))
      return data
    },
    Object.entries(files).map(([name, bytes]) => [name, [...bytes]] as const),
  )
  await target.dispatchEvent('drop', { dataTransfer })
}

/** A slow line, so that an upload takes long enough to be looked at; `end` gives the fast one back. */
export async function slowUploads(page: Page, bytesPerSecond: number) {
  const browser = await page.context().newCDPSession(page)
  const line = (uploadThroughput: number) =>
    browser.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput,
    })
  await browser.send('Network.enable')
  await line(bytesPerSecond)
  return { end: () => line(-1) }
}
