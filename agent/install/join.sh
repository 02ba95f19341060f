#!/bin/sh
# Joins this machine to a Strata brain as a node. The brain serves it; read it before you run it.
#
#   sh strata-join.sh [--systemd | --foreground | --docker] [--root DIR]
#
#   --systemd     keep the agent running by a service of systemd; root at a terminal is asked
#   --foreground  run the agent here, until Ctrl-C
#   --docker      run the agent as a container of this machine's Docker; chosen by itself where there is no Node
#   --root DIR    with --systemd: write the service below DIR and start nothing, for making images of machines
#
# Settings are environment variables: STRATA_BRAIN_URL, STRATA_NODE_NAME and, unless the machine has joined before,
# STRATA_JOIN_TOKEN. Others of the agent that are set are kept for it. The token is kept nowhere.
# Running it again mends an installation or brings a newer agent. Servers go on meanwhile.
set -eu
LC_ALL=C
export LC_ALL

# Filled in by the brain.
agent_sha256='@AGENT_SHA256@'
agent_image='@AGENT_IMAGE@'

kept_settings='STRATA_BRAIN_URL STRATA_NODE_NAME STRATA_NODE_DATA_DIR STRATA_NODE_REGION STRATA_NODE_TAGS STRATA_NODE_LABELS
STRATA_NODE_PORTS STRATA_NODE_ADDRESS STRATA_NODE_PUBLIC_BIND STRATA_NODE_PRIVATE_BIND STRATA_NODE_MAX_INSTANCES STRATA_NODE_RESERVE
STRATA_NODE_UID STRATA_RUNTIME STRATA_LAYOUT STRATA_CACHE_LIMIT_BYTES STRATA_ALLOW_HTTP STRATA_BRAIN_CA
STRATA_BRAIN_CA_SHA256 STRATA_LOG_LEVEL STRATA_LOG_FILE STRATA_LOG_FILE_SIZE STRATA_LOG_FILE_COUNT DOCKER_HOST'

say() { printf '%s\n' "$*"; }
refuse() {
  printf '%s\n' "$*" >&2
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# The node's name as it appears in names of folders, containers and services.
slug_of() {
  slug=$(printf %s "$1" | tr '\n' ' ' | tr 'A-Z' 'a-z' | sed -e 's/[^a-z0-9]\{1,\}/-/g' -e 's/^-//' -e 's/-$//')
  printf %s "${slug:-node}"
}

read_arguments() {
  way=
  root=
  while [ $# -gt 0 ]; do
    case $1 in
      --systemd | --foreground | --docker) way=${1#--} ;;
      --root)
        [ $# -gt 1 ] || refuse '--root needs a folder.'
        root=${2%/}
        shift
        ;;
      *) refuse "There is no option $1. There are --systemd, --foreground, --docker and --root DIR." ;;
    esac
    shift
  done
}

read_settings() {
  [ -n "${STRATA_BRAIN_URL:-}" ] || refuse 'STRATA_BRAIN_URL is not set. Copy the whole line from the panel.'
  STRATA_BRAIN_URL=${STRATA_BRAIN_URL%/}
  [ -n "${STRATA_NODE_NAME:-}" ] || STRATA_NODE_NAME=$(hostname)
  slug=$(slug_of "$STRATA_NODE_NAME")
  if [ -n "${STRATA_BRAIN_CA:-}" ]; then
    [ -r "$STRATA_BRAIN_CA" ] || refuse "STRATA_BRAIN_CA names $STRATA_BRAIN_CA, which cannot be read here."
    case $STRATA_BRAIN_CA in /*) ;; *) STRATA_BRAIN_CA=$PWD/$STRATA_BRAIN_CA ;; esac
    export STRATA_BRAIN_CA
  fi
  if [ -z "${STRATA_NODE_DATA_DIR:-}" ]; then
    if [ "$(id -u)" = 0 ]; then STRATA_NODE_DATA_DIR=/var/lib/strata/nodes/$slug
    else STRATA_NODE_DATA_DIR=$HOME/.local/share/strata/nodes/$slug; fi
  fi
  export STRATA_BRAIN_URL STRATA_NODE_NAME STRATA_NODE_DATA_DIR
  program=$STRATA_NODE_DATA_DIR/program
  service=strata-agent-$slug
}

# Takes back what this run made when it does not come to its end.
clean_up() {
  status=$?
  trap - EXIT
  if [ "$status" -ne 0 ]; then
    rm -f "$download"
    if [ "$is_fresh" = yes ]; then rm -rf "$STRATA_NODE_DATA_DIR"; fi
    if [ -n "$stopped" ]; then
      say "Starting the agent that ran before again."
      $stopped || true
    fi
  fi
  exit "$status"
}

is_new_enough() {
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 24 || (a === 24 && b >= 11) ? 0 : 1)' 2>/dev/null
}

# Sets $node to a Node that runs the agent. An older one has npm fetch Node 24, beside the agent.
find_node() {
  if has node && is_new_enough node; then
    node=$(command -v node)
    return
  fi
  package=node-$(node -p 'process.platform + "-" + process.arch')
  node=$program/node/node_modules/$package/bin/node
  if [ -x "$node" ] && is_new_enough "$node"; then return; fi
  has npm || refuse "The agent needs Node 24.11 or newer, and this machine has $(node -v) without npm. Install Node 24 or npm, and run the line again."
  say "The agent needs Node 24.11 or newer, this is $(node -v): having npm fetch Node 24 into $program/node …"
  npm install --prefix "$program/node" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error "$package@24" >/dev/null ||
    refuse 'npm could not fetch Node 24. Install Node 24, or let npm reach its registry, and run the line again.'
  is_new_enough "$node" || refuse "npm fetched a Node that does not run here ($node). Install Node 24 and run the line again."
}

# Downloads the agent beside its place and checks that it is the one this script was made for.
fetch_agent() {
  mkdir -p "$program"
  # The certificate of a brain with an authority of its own is left unjudged here: the checksum judges what came.
  curl -fsSL ${STRATA_BRAIN_CA_SHA256:+-k} ${STRATA_BRAIN_CA:+--cacert "$STRATA_BRAIN_CA"} --retry 3 -o "$download" "$STRATA_BRAIN_URL/agent/strata-agent.mjs" ||
    refuse "The agent could not be downloaded from $STRATA_BRAIN_URL. Nothing was changed. Is the brain up and reached from here?"
  found=$(sha256sum "$download" | cut -d ' ' -f 1)
  [ "$found" = "$agent_sha256" ] ||
    refuse "What came from $STRATA_BRAIN_URL is not the agent that this line was made for (sha256 $found, expected $agent_sha256). Nothing was changed. If the brain was updated meanwhile, make a new join command."
}

has_systemd() { [ -d /run/systemd/system ] && has systemctl; }

# The agent that is kept by a service is stopped for the moment; its servers are not.
stop_service() {
  if [ -z "$root" ] && has_systemd && systemctl is-active --quiet "$service"; then
    systemctl stop "$service"
    stopped="systemctl start $service"
  fi
}

put_agent() {
  chmod 644 "$download"
  mv -f "$download" "$program/strata-agent.mjs"
  rm -f "$program/strata-agent.next.mjs" "$program/update-failed.json"
  write_command
}

# For whoever sits at the machine: the agent with the Node and the settings that it has here.
write_command() {
  cat >"$program/strata-agent" <<COMMAND
#!/bin/sh
# This node's agent, as it runs here: strata-agent list, strata-agent stop-all
program=\$(cd "\$(dirname "\$0")" && pwd)
if [ -r "\$program/agent.env" ]; then
  set -a
  . "\$program/agent.env"
  set +a
fi
STRATA_NODE_DATA_DIR=\${program%/*}
export STRATA_NODE_DATA_DIR
exec '$(printf %s "$node" | sed "s/'/'\\\\''/g")' "\$program/strata-agent.mjs" "\$@"
COMMAND
  chmod 755 "$program/strata-agent"
}

# A value as systemd.exec(5) reads it from an environment file, in double quotes.
print_setting() {
  printf '%s="%s"\n' "$1" "$(printf %s "$2" | sed -e 's/[\\"`$]/\\&/g')"
}

write_settings() {
  (umask 077 && : >"$program/agent.env.part")
  for name in $kept_settings; do
    eval "value=\${$name:-}"
    [ -z "$value" ] || print_setting "$name" "$value" >>"$program/agent.env.part"
  done
  mv -f "$program/agent.env.part" "$program/agent.env"
}

# KillMode: servers that run as plain processes are children of the agent and outlive it, as containers do.
# Left out on purpose: PrivateDevices (removals are made of device nodes), PrivateTmp and ProtectHome (Docker and the
# agent must see the same folders), and filters of system calls (servers would inherit them).
write_service() {
  mkdir -p "$root/etc/systemd/system"
  cat >"$root/etc/systemd/system/$service.service" <<UNIT
[Unit]
Description=Strata agent ($slug)
Wants=network-online.target
After=network-online.target docker.service
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart="$(unit_text "$node")" "$(unit_text "$program/strata-agent.mjs")" keep
EnvironmentFile=$(unit_text "$program/agent.env")
Restart=always
RestartSec=3
KillMode=process
TimeoutStopSec=30
OOMScoreAdjust=-500
LimitNOFILE=65536
NoNewPrivileges=yes
ProtectSystem=full
ProtectKernelModules=yes
ProtectKernelTunables=yes

[Install]
WantedBy=multi-user.target
UNIT
}

unit_text() { printf %s "$1" | sed -e 's/%/%%/g' -e 's/[\\"]/\\&/g' -e 's/\$/$$/g'; }

keep_by_systemd() {
  [ -n "$root" ] || [ "$(id -u)" = 0 ] || refuse 'A service needs root: run the line as root, or with --foreground.'
  [ -n "$root" ] || has_systemd || refuse 'There is no systemd on this machine. Use --foreground, or --docker.'
  write_settings
  write_service
  if [ -n "$root" ]; then
    say "Wrote $root/etc/systemd/system/$service.service. Nothing was started."
    return
  fi
  systemctl daemon-reload
  systemctl enable --quiet "$service"
  systemctl restart "$service"
  systemctl is-active --quiet "$service" || refuse "The service $service does not run; journalctl -u $service says why."
  say "The agent is kept running by the service $service. Its log: journalctl -u $service"
}

wants_service() {
  [ "$(id -u)" = 0 ] && has_systemd && [ -t 0 ] || return 1
  printf 'Keep the agent running by a service of systemd? [Y/n] '
  read -r answer || return 1
  case $answer in [nN]*) return 1 ;; esac
}

join_with_node() {
  has sha256sum || refuse 'This needs sha256sum to check the agent with. Install coreutils.'
  find_node
  fetch_agent
  stop_service
  "$node" "$download" join || exit 1
  put_agent
  is_fresh=no
  stopped=
  unset STRATA_JOIN_TOKEN
  if [ "$way" = systemd ] || { [ -z "$way" ] && wants_service; }; then
    keep_by_systemd
    return
  fi
  if ! { has docker && docker version >/dev/null 2>&1; } && [ "${STRATA_RUNTIME:-docker}" = docker ]; then
    say 'No Docker answers here. Until one does, the node starts no servers; STRATA_RUNTIME=process runs them as plain processes, which isolates and limits nothing.'
  fi
  say 'The agent runs here until Ctrl-C; servers outlive it. As root, the option --systemd keeps it running.'
  exec "$node" "$program/strata-agent.mjs" keep
}

# Runs the agent's image with everything an agent needs: the engine's socket, the machine's network (ports and servers are looked
# at from there), and its folders at the same path, because the engine mounts them by that path.
run_container() {
  socket=/var/run/docker.sock
  case ${DOCKER_HOST:-} in unix://*) socket=${DOCKER_HOST#unix://} ;; esac
  set -- "$@" --network host -v "$socket:/var/run/docker.sock" -v "$STRATA_NODE_DATA_DIR:$STRATA_NODE_DATA_DIR"
  for name in $kept_settings; do
    [ "$name" != DOCKER_HOST ] || continue
    eval "value=\${$name:-}"
    [ -z "$value" ] || set -- "$@" -e "$name=$value"
  done
  if [ -n "${STRATA_BRAIN_CA:-}" ]; then set -- "$@" -v "$STRATA_BRAIN_CA:$STRATA_BRAIN_CA:ro"; fi
  docker run "$@" --entrypoint node "$agent_image" /opt/strata/strata-agent.mjs $container_command
}

join_with_docker() {
  has docker || refuse 'There is no Docker on this machine.'
  docker version >/dev/null 2>&1 || refuse 'Docker does not answer. Is it running, and may this user use it?'
  docker image inspect "$agent_image" >/dev/null 2>&1 || docker pull "$agent_image" ||
    refuse "The image $agent_image is not on this machine and could not be pulled. Build it (docker build --target agent -t $agent_image .) or load it, or name another one for the brain in STRATA_AGENT_IMAGE."
  if docker container inspect "$service" >/dev/null 2>&1; then
    docker stop "$service" >/dev/null
    stopped="docker start $service"
  fi
  container_command=join
  run_container --rm -e STRATA_JOIN_TOKEN || exit 1
  if [ -n "$stopped" ]; then docker rm "$service" >/dev/null; fi
  is_fresh=no
  stopped=
  container_command=
  run_container -d --name "$service" --restart unless-stopped >/dev/null
  say "The agent is kept running by the container $service. Its log: docker logs $service"
}

main() {
  read_arguments "$@"
  read_settings
  download=$program/.download-$$.mjs
  stopped=
  is_fresh=yes
  if [ -e "$STRATA_NODE_DATA_DIR" ]; then is_fresh=no; fi
  trap clean_up EXIT
  trap 'exit 1' HUP INT TERM
  if [ -z "$way" ] && ! has node && has docker; then way=docker; fi
  if [ "$way" = docker ]; then
    join_with_docker
    return
  fi
  has curl || refuse 'This needs curl to fetch the agent with.'
  has node || refuse 'This machine has neither Node nor Docker. Install one of them and run the line again.'
  join_with_node
}

main "$@"
