/**
 * The one place where the brain's settings become the names that Nitro, which opens the port, reads.
 * Everything else of STRATA_* the brain reads and checks itself.
 */
export function nitroSettings(env) {
  return { NITRO_HOST: env.STRATA_HOST || '127.0.0.1', NITRO_PORT: env.STRATA_PORT || '3000' }
}
