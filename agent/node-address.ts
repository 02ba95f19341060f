import type { networkInterfaces } from 'node:os'
import type { NodeSpecs } from '../shared/schemas/node'
import { isLoopback } from './config'
import type { AgentSettings } from './config'

const WILDCARDS = new Set(['0.0.0.0', '::'])

/** Made by container engines and hypervisors for their own guests. */
const VIRTUAL_CARD = /^(?:docker|br-|veth|virbr|cni|lo)/

/**
 * What players use to reach this machine: what the settings say, else the address that public ports are bound on, else the
 * first one of a network card that others may reach (IPv4 before IPv6), else loopback, and how it was found. Never a
 * wildcard: nobody can connect to that.
 */
export function findAddress(
  { address, publicBind }: Pick<AgentSettings, 'address' | 'publicBind'>,
  cards: ReturnType<typeof networkInterfaces>,
): Required<Pick<NodeSpecs, 'address' | 'addressSource'>> {
  if (address) return { address, addressSource: 'settings' }
  const bound = publicBind.filter(one => !WILDCARDS.has(one))
  const isBoundToSome = bound.length === publicBind.length
  const reachable = bound.find(one => one !== '::1' && !isLoopback(one)) ?? (isBoundToSome ? bound[0] : undefined)
  if (reachable) return { address: reachable, addressSource: 'bind' }
  const found = Object.entries(cards)
    .filter(([name]) => !VIRTUAL_CARD.test(name))
    .flatMap(([, card]) => card ?? [])
    .filter(card => !card.internal && !/^fe80:/i.test(card.address))
    .filter(card => card.family === 'IPv4' || publicBind.includes('::'))
    .sort((a, b) => Number(a.family === 'IPv6') - Number(b.family === 'IPv6'))[0]
  return found ? { address: found.address, addressSource: 'card' } : { address: '127.0.0.1', addressSource: 'loopback' }
}
