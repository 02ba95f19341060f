import packageJson from '../package.json' with { type: 'json' }

/** Of the release that this agent belongs to. */
export const AGENT_VERSION: string = packageJson.version
