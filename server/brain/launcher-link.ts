/** What the brain tells the launcher that started it (`npm start`), over Node's channel between parent and child. */
export type LauncherMessage =
  | { type: 'listening'; url: string }
  /** `url` is the one-time set-up link; null once an admin exists, who is then named. */
  | { type: 'setup'; url: string | null; adminUser: string | null }
  /** null: the local node has joined before and needs none. */
  | { type: 'localNode'; joinToken: string | null }
  /** The server of the example layers, at every change; `message` says why it is as it is. Null: it was never made. */
  | {
      type: 'example'
      instanceId: string | null
      name: string
      state: string
      address: string | null
      runtime: string | null
      message: string | null
    }

export type TellLauncher = (message: LauncherMessage) => void

/** Without a launcher the messages go nowhere; `present` says so to those who then log instead. */
export interface LauncherLink {
  present: boolean
  tell: TellLauncher
}

/** The link of this process. A launcher that went away is no reason to stop. */
export function launcherLink(wanted: boolean): LauncherLink {
  const send = wanted ? process.send?.bind(process) : undefined
  if (!send) return { present: false, tell: () => {} }
  return {
    present: true,
    tell: message => {
      if (process.connected) send(message, undefined, undefined, () => {})
    },
  }
}
