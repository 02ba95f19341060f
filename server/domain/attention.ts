import type { Attention } from '../../shared/schemas/status'
import type { Node } from '../../shared/schemas/node'
import type { InstanceRecord } from './instance-record'

type NodeFacts = Pick<Node, 'id' | 'name' | 'contact' | 'unreachableSince' | 'createdAt' | 'specs' | 'instances'>
type InstanceFacts = Pick<InstanceRecord, 'id' | 'name' | 'state' | 'reason' | 'stateSince'>

/** What needs a person now, each with the next step in words; what began last comes first. */
export function findAttention(
  nodes: readonly NodeFacts[],
  instances: readonly InstanceFacts[],
  now: number,
): Attention[] {
  return [...nodes.flatMap(node => ofNode(node, now)), ...instances.flatMap(ofInstance)].sort((a, b) => b.at - a.at)
}

function ofNode(node: NodeFacts, now: number): Attention[] {
  const subject = { kind: 'node' as const, id: node.id, name: node.name }
  if (node.contact === 'offline') {
    const held = node.instances.total
    const servers =
      held === 0 ? 'It holds no servers.' : `Its ${held === 1 ? 'server' : `${held} servers`} may go on unseen.`
    const message = `The node is out of reach. ${servers} See whether the machine is up, its agent runs, and it reaches the brain.`
    return [{ kind: 'node-offline', subject, message, at: node.unreachableSince ?? node.createdAt }]
  }
  const { specs } = node
  if (node.contact === 'online' && specs?.runtime === 'docker' && !specs.engine.available) {
    const found = specs.engine.message ?? 'Docker does not answer'
    const message = `${asSentence(found)} Until then no server there can be started or stopped in Docker.`
    return [{ kind: 'engine-away', subject, message, at: now }]
  }
  return []
}

function ofInstance({ id, name, state, reason, stateSince }: InstanceFacts): Attention[] {
  const subject = { kind: 'instance' as const, id, name }
  const at = reason?.at ?? stateSince
  if (state === 'FAILED') {
    const why = reason ? asSentence(reason.message) : 'The server failed.'
    return [{ kind: 'instance-failed', subject, message: `${why} Mend the cause, then retry it.`, at }]
  }
  if (state === 'STARTING' && reason?.code === 'OVERDUE') {
    const message = `${asSentence(reason.message)} Read its console; it is left running.`
    return [{ kind: 'instance-overdue', subject, message, at }]
  }
  if (state === 'REQUESTED' && reason) {
    const message = `${asSentence(reason.message)} Make room, add a node, or change where it may run.`
    return [{ kind: 'instance-waiting', subject, message, at }]
  }
  return []
}

function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
