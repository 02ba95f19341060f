/** What the command that joins a machine is made of. */
export interface JoinCommandInput {
  /** Where the machine finds the brain. */
  brainUrl: URL
  joinToken: string
  nodeName: string
  /** Of the agent program; null when this brain carries none to check the download against. */
  agentSha256: string | null
  /** SHA-256 of the brain's own root, by which the machine knows the brain; null where everybody knows its certificate. */
  authority: string | null
}

/**
 * One line for a shell, to be pasted on the machine: it fetches the agent, checks it, and runs it. Needs curl, sha256sum
 * and Node (an older one fetches Node 24 by npm). Every value is quoted, so that no name of a node is ever read as a command.
 */
export function joinCommand({ brainUrl, joinToken, nodeName, agentSha256, authority }: JoinCommandInput): string {
  const file = 'strata-agent.mjs'
  const address = new URL(`/agent/${file}`, brainUrl).href
  const isPlain = brainUrl.protocol === 'http:' && !isLoopback(brainUrl.hostname)
  const environment = [
    `STRATA_BRAIN_URL=${quote(brainUrl.origin)}`,
    `STRATA_JOIN_TOKEN=${quote(joinToken)}`,
    `STRATA_NODE_NAME=${quote(nodeName)}`,
    ...(authority ? [`STRATA_BRAIN_CA_SHA256=${authority}`] : []),
    ...(isPlain ? ['STRATA_ALLOW_HTTP=on'] : []),
  ].join(' ')
  // A certificate that curl cannot know is left unjudged, since the file itself is: its checksum came with this line.
  const unjudged = authority && agentSha256 ? ' -k' : ''
  return [
    `curl -fsSL${unjudged} -o ${file} ${quote(address)}`,
    ...(agentSha256 ? [`echo ${quote(`${agentSha256}  ${file}`)} | sha256sum -c -`] : []),
    `${environment} node ${file}`,
  ].join(' && ')
}

/** As a POSIX shell reads it: everything but the single quote stands for itself between single quotes. */
function quote(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  )
}
