/**
 * The shell program that stands between the agent and a server without a container. It waits on descriptor 4 until its
 * identity is written down (an agent that dies before that closes it, and nothing is run), runs the server in the foreground, and
 * writes the exit code to descriptor 3, which outlives every agent.
 *
 * The traps are handlers, not `trap ''`: an ignored signal would be ignored by the server as well. The shell runs them when
 * the server has ended, so it survives the signals that its group gets and still tells the code.
 */
export const SHIM = [
  'read -r go <&4 || exit 0',
  'exec 4<&-',
  'trap : HUP INT QUIT TERM USR1 USR2',
  '"$@" 3>&-',
  'echo $? >&3',
].join('\n')
