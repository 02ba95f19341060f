import { PERMISSIONS, reachOf } from '../../shared/domain/permissions'
import type { Grant, Permission } from '../../shared/domain/permissions'
import type { BrainToPanel } from '../../shared/protocol/panel'

/**
 * A room for each permission over everything, and one for each permission over each single server. Who has the
 * permission over everything is in the first alone, so that nobody hears a thing twice.
 */
export function roomsOf(grants: readonly Grant[]): string[] {
  return PERMISSIONS.flatMap(permission => {
    const reach = reachOf(grants, permission)
    return reach === 'all' ? [roomOf(permission)] : [...reach].map(id => roomOf(permission, id))
  })
}

/** Whom a message is for: those with the permission over everything, or over the one server it is about. */
export function roomsFor<Name extends keyof BrainToPanel>(
  name: Name,
  payload: BrainToPanel[Name],
  needs: Permission,
): string[] {
  const instanceId = ABOUT[name](payload)
  return instanceId === null ? [roomOf(needs)] : [roomOf(needs), roomOf(needs, instanceId)]
}

/** The server a message is about; null: nothing for those who have single servers. Every message is decided upon here. */
const ABOUT: { [Name in keyof BrainToPanel]: (payload: BrainToPanel[Name]) => string | null } = {
  'instance.changed': ({ id }) => id,
  'instance.event': ({ instanceId }) => instanceId,
  'operation.changed': ({ subject }) => (subject.kind === 'instance' ? subject.id : null),
  'node.changed': () => null,
  'node.removed': () => null,
  'template.changed': () => null,
  // Sent to single sockets, past the rooms.
  'console.lines': () => null,
  'stats.sample': () => null,
  'session.ended': () => null,
}

function roomOf(permission: Permission, instanceId?: string): string {
  return instanceId === undefined ? `may:${permission}` : `may:${permission}:${instanceId}`
}
