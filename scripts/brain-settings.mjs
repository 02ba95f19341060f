/** Whether the brain speaks TLS itself. */
export const speaksTls = env => env.STRATA_TLS === 'own' || Boolean(env.STRATA_TLS_CERT)

/**
 * The one place where the brain's settings become the names that Nitro, which opens the port, reads. A brain with TLS opens
 * its port itself; Nitro then listens to this machine alone, for the local node.
 * Everything else of STRATA_* the brain reads and checks itself.
 */
export function nitroSettings(env) {
  if (speaksTls(env)) return { NITRO_HOST: '127.0.0.1', NITRO_PORT: env.STRATA_LOOPBACK_PORT || '0' }
  return { NITRO_HOST: env.STRATA_HOST || '127.0.0.1', NITRO_PORT: env.STRATA_PORT || '3000' }
}
