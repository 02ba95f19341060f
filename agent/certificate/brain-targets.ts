import type { HeldCertificate } from './own-certificate'

/** Where to dial, and what to show there. */
export interface BrainTarget {
  url: string
  /** PEM; left out: the node comes by its secret alone. */
  cert?: string
  key?: string
}

/** Tries that bring no answer before the other way to the brain is taken. */
const TRIES = 3

/** The ways to the brain: by certificate, where it gave one; else where the settings say. */
export interface BrainTargets {
  present(): BrainTarget
  /** Nobody answered. */
  unanswered(): void
  /** The brain took this node here. */
  answered(): void
  /** It refused the certificate: the secret is tried alone, until there is a new one. */
  refused(code: string, target: BrainTarget): void
  /** The node was given a certificate. */
  renewed(): void
}

/**
 * By certificate first. Where nobody answers there (a port that is closed on the way, a brain that gave certificates up), the
 * address of the settings is tried in turn. Never in clear, though, when the brain said that it takes nodes by certificate
 * alone: who cuts the line must not get the secret for it.
 */
export function createBrainTargets(brainUrl: string, certificate: () => HeldCertificate | null): BrainTargets {
  let isDirect = false
  let isDistrusted = false
  let tries = 0

  function mayGoDirect(held: HeldCertificate): boolean {
    return !held.required || brainUrl.startsWith('https:')
  }

  return {
    present() {
      const held = certificate()
      if (!held || isDirect) return { url: brainUrl }
      if (isDistrusted) return { url: held.url }
      return { url: held.url, cert: held.certificate, key: held.key }
    },
    unanswered() {
      const held = certificate()
      tries += 1
      if (tries < TRIES || !held) return
      tries = 0
      isDirect = !isDirect && mayGoDirect(held)
    },
    answered() {
      tries = 0
    },
    refused(code, target) {
      const isNewest = target.cert === certificate()?.certificate
      if (isNewest && (code === 'CERTIFICATE_EXPIRED' || code === 'CERTIFICATE_UNKNOWN')) isDistrusted = true
      if (code === 'CERTIFICATE_REQUIRED') isDirect = false
    },
    renewed() {
      isDirect = false
      isDistrusted = false
      tries = 0
    },
  }
}
