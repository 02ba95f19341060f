import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import { certifyAnswer } from '../../shared/protocol/agent'
import type { NodeSecurity } from '../../shared/schemas/tls'
import { renewalDueAt } from '../domain/node-certificate'
import type { AgentLine, AgentLink, Clock, NodeAdmission, NodeAuthority, NodeRecord } from '../ports'
import { answerOf } from './agent-answer'
import type { NodeDirectory } from './node-directory'
import type { ServiceLog } from './service-log'

/** What is wanted of agents, and who vouches for them. */
export interface AgentTrust {
  mode: 'off' | 'on' | 'required'
  /** Null while certificates are off, and until the brain has opened its doors. */
  authority(): NodeAuthority | null
  /** Where agents come by certificate; from the name by which this one found the brain, unless it is set. */
  agentUrl(host: string | undefined): Promise<string>
  /** The brain proves itself to nodes by the roots as they are now. */
  authorityChanged(): Promise<void>
}

/** Certificates of nodes: who is let in by which, who is given one, and whose are worth nothing any more. */
export interface NodeCertificates {
  /** Judges the line of an agent that said who it is. ACCESS_REVOKED, CERTIFICATE_… */
  judge(admission: NodeAdmission, line: AgentLine): Promise<void>
  /** From now on the node speaks by this line; it is given a certificate if it is to have one. */
  connected(nodeId: string, line: AgentLine): void
  disconnected(nodeId: string): void
  securityOf(record: NodeRecord): NodeSecurity
  /** A new certificate now. NODE_UNREACHABLE; CONFLICT where certificates are off. */
  renew(nodeId: string): Promise<void>
  /** Ends its connection and lets nobody in as this node. Twice is the same as once. */
  revoke(nodeId: string): Promise<void>
  /** Takes the node back: it comes once with its secret alone, for a new certificate; older ones stay worthless. */
  letIn(nodeId: string): Promise<void>
  /**
   * A new root. Nodes that are connected get certificates of it, others when they come; until all have, the former one is
   * trusted as well. With `isFormerForgotten` (its key was stolen) it is not from now on: those that are connected get their
   * certificates over the connections that stand, the others must be let in again. CONFLICT where certificates are off.
   */
  rotateAuthority(options: { isFormerForgotten: boolean }): Promise<void>
  /** How many nodes still have a certificate of a former root. */
  nodesOf(authority: string): number
  start(): void
  stop(): void
}

export interface NodeCertificatesDeps {
  directory: Pick<NodeDirectory, 'find' | 'get' | 'list' | 'update'>
  link: AgentLink
  trust: AgentTrust
  clock: Pick<Clock, 'now'>
  log: ServiceLog
  onChanged: (nodeId: string) => void
}

/** Certificates carry whole seconds, rounded up: the next one after those is later than any that was issued until now. */
function afterAllIssuedUntil(now: number): number {
  return (Math.ceil(now / 1_000) + 1) * 1_000
}

export function createNodeCertificates(deps: NodeCertificatesDeps): NodeCertificates {
  const { directory, link, trust, clock, log, onChanged } = deps
  const lines = new Map<string, AgentLine>()
  const offering = new Set<string>()
  /** Where in the window of renewals each node has its place. */
  const jitters = new Map<string, number>()
  let sweeping: NodeJS.Timeout | undefined

  async function judgeCertificate(record: NodeRecord, shown: NonNullable<AgentLine['certificate']>): Promise<void> {
    const authority = trust.authority()
    if (!authority)
      throw new AppError('CERTIFICATE_UNKNOWN', 'This brain takes no certificates of nodes: STRATA_AGENT_MTLS is off.')
    const { nodeId, ...certificate } = await authority.judge(shown)
    if (nodeId !== record.id)
      throw new AppError(
        'CERTIFICATE_UNKNOWN',
        'The certificate was issued to another node. An agent comes with the certificate and the secret of one and the same node.',
      )
    if (record.certificatesSince !== null && certificate.issuedAt < record.certificatesSince)
      throw new AppError('CERTIFICATE_UNKNOWN', 'The certificate was revoked; a newer one of the node counts.')
    // Also one that the brain does not remember, because its database is older than the certificate.
    const isNewest = (record.certificate?.issuedAt ?? 0) <= certificate.issuedAt
    if (record.certificate?.serial !== certificate.serial && isNewest)
      await directory.update(record.id, { certificate })
    if (record.regainUntil !== null) await directory.update(record.id, { regainUntil: null })
  }

  function mayComeWithout(record: NodeRecord, { secret }: NodeAdmission, line: AgentLine): boolean {
    if (trust.mode !== 'required' || secret !== null) return true
    return (record.local && line.isLoopback) || (record.regainUntil ?? 0) > clock.now()
  }

  function isWanted(nodeId: string): boolean {
    const record = directory.find(nodeId)
    const line = lines.get(nodeId)
    const authority = trust.authority()
    if (!record || !line || !authority || record.accessRevokedAt !== null) return false
    if (record.local && line.isLoopback && line.certificate === null) return false
    const { certificate } = record
    if (line.certificate === null || certificate === null) return true
    if (certificate.authority !== authority.current().fingerprint) return true
    const jitter = jitters.get(nodeId) ?? Math.random()
    jitters.set(nodeId, jitter)
    return renewalDueAt(certificate, jitter) <= clock.now()
  }

  async function issue(nodeId: string): Promise<void> {
    const authority = trust.authority()
    const { name, certificatesSince } = directory.get(nodeId)
    if (!authority)
      throw new AppError(
        'CONFLICT',
        'Certificates of nodes are off. Set STRATA_AGENT_MTLS=on and start the brain again.',
      )
    const who = `The node "${name}"`
    const { request } = answerOf(await link.send(nodeId, 'node.certify', {}), certifyAnswer, who)
    const { certificate, ...issued } = await authority.issueNode(nodeId, request, certificatesSince ?? 0)
    const url = await trust.agentUrl(lines.get(nodeId)?.host)
    const required = trust.mode === 'required'
    const answer = await link.send(nodeId, 'node.certificate', {
      certificate,
      authorities: authority.trusted(),
      url,
      required,
    })
    if (!answer.ok) throw new AppError('CONFLICT', `${who} could not keep its certificate: ${answer.message}`)
    await directory.update(nodeId, { certificate: issued })
    log.info(
      { nodeId, serial: issued.serial, expiresAt: new Date(issued.expiresAt).toISOString() },
      'A node was given a certificate',
    )
    onChanged(nodeId)
    await retireRoots()
  }

  /** A former root is kept while any node may still need it: to be known by it, or to know the brain by it. */
  async function retireRoots(all = false): Promise<void> {
    const isNeeded = (root: string) =>
      directory
        .list()
        .some(({ certificate, joinedAt, local }) =>
          certificate ? certificate.authority === root : joinedAt !== null && !local,
        )
    const hasChanged = await trust.authority()?.retire(root => !all && isNeeded(root))
    if (!hasChanged) return
    await trust.authorityChanged()
    log.info({}, 'A former authority is not needed any more and was forgotten')
  }

  async function offer(nodeId: string): Promise<void> {
    if (offering.has(nodeId) || !isWanted(nodeId)) return
    offering.add(nodeId)
    try {
      await issue(nodeId)
    } catch (error) {
      log.warn({ err: error, nodeId }, 'A node could not be given a certificate; it is tried again')
      if (trust.mode === 'required' && lines.get(nodeId)?.certificate === null)
        link.disconnect(nodeId, 'It has no certificate and could not be given one, and STRATA_AGENT_MTLS is required.')
    } finally {
      offering.delete(nodeId)
    }
  }

  return {
    async judge(admission, line) {
      const record = directory.get(admission.nodeId)
      if (record.accessRevokedAt !== null)
        throw new AppError(
          'ACCESS_REVOKED',
          `The access of this node was revoked on ${new Date(record.accessRevokedAt).toISOString()}. Its servers go on. An admin can let it in again on its page.`,
        )
      if (line.certificate) return judgeCertificate(record, line.certificate)
      if (mayComeWithout(record, admission, line)) return
      throw new AppError(
        'CERTIFICATE_REQUIRED',
        `This brain takes nodes by certificate alone, and this one showed none, at ${await trust.agentUrl(line.host)}. If it lost its certificate, an admin can let it in again on its page.`,
      )
    },

    connected(nodeId, line) {
      lines.set(nodeId, line)
      void offer(nodeId)
    },
    disconnected: nodeId => void lines.delete(nodeId),

    securityOf(record) {
      const line = lines.get(record.id)
      return {
        transport: !line
          ? null
          : line.certificate
            ? 'mtls'
            : line.isEncrypted
              ? 'tls'
              : line.isLoopback
                ? 'local'
                : 'plain',
        certificate: record.certificate && {
          fingerprint: record.certificate.fingerprint,
          issuedAt: record.certificate.issuedAt,
          expiresAt: record.certificate.expiresAt,
        },
        revokedAt: record.accessRevokedAt,
        regainUntil: record.regainUntil,
      }
    },

    async renew(nodeId) {
      directory.get(nodeId)
      await issue(nodeId)
    },

    async revoke(nodeId) {
      const { accessRevokedAt } = directory.get(nodeId)
      if (accessRevokedAt === null) await directory.update(nodeId, { accessRevokedAt: clock.now(), regainUntil: null })
      link.disconnect(nodeId, 'Its access was revoked.')
      onChanged(nodeId)
    },

    async letIn(nodeId) {
      directory.get(nodeId)
      const now = clock.now()
      await directory.update(nodeId, {
        accessRevokedAt: null,
        certificate: null,
        certificatesSince: afterAllIssuedUntil(now),
        regainUntil: now + POLICY.tls.regainMs,
      })
      onChanged(nodeId)
    },

    async rotateAuthority({ isFormerForgotten }) {
      const authority = trust.authority()
      if (!authority)
        throw new AppError('CONFLICT', 'This brain has no authority of its own: STRATA_AGENT_MTLS is off.')
      await authority.rotate()
      await trust.authorityChanged()
      // First: what nodes are given now must not name the one that was stolen, or they would believe its thief.
      if (isFormerForgotten) await retireRoots(true)
      log.info(
        { fingerprint: authority.current().fingerprint },
        'The authority was changed; nodes get certificates of the new one',
      )
      await Promise.all(link.connectedNodes().map(offer))
      await retireRoots()
    },

    nodesOf: root => directory.list().filter(({ certificate }) => certificate?.authority === root).length,

    start() {
      sweeping = setInterval(() => {
        for (const nodeId of link.connectedNodes()) void offer(nodeId)
        retireRoots().catch((error: unknown) => log.error({ err: error }, 'A former authority could not be forgotten'))
      }, POLICY.tls.sweepMs).unref()
    },
    stop: () => clearInterval(sweeping),
  }
}
