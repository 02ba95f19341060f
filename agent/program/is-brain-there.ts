import { get as getPlain } from 'node:http'
import { get as getTls } from 'node:https'
import { POLICY } from '../../shared/domain/policy'

/**
 * Whether a brain answers at this address that it is well. Only looked, nothing is said or believed: its certificate is left
 * unjudged, for the keeper does not follow which authorities the agent was told of since.
 */
export function isBrainThere(brainUrl: string): Promise<boolean> {
  const url = new URL(`${brainUrl}/healthz`)
  const signal = AbortSignal.timeout(POLICY.agentUpdate.lookWithinMs)
  return new Promise(resolve => {
    const get = url.protocol === 'https:' ? getTls : getPlain
    get(url, { signal, agent: false, rejectUnauthorized: false }, response => {
      response.resume()
      resolve(response.statusCode === 200)
    }).on('error', () => resolve(false))
  })
}
