# Two images of one build: `docker build --target brain .` and `docker build --target agent .`
# Any image with Node 24.11 or newer, npm and a shell will do as the base; the agent also wants mknod, sync and mkfifo (coreutils).
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY . .
# Takes what was built outside from these very sources as it is; otherwise installs the dependencies and builds.
RUN node scripts/launch.mjs build

FROM ${NODE_IMAGE} AS agent
LABEL org.opencontainers.image.title="Strata agent"
COPY --from=build /src/dist/agent/strata-agent.mjs /opt/strata/strata-agent.mjs
# Docker's daemon mounts what the agent names, so this folder of the host must stand at the same path in here: see docs/operations.md.
ENV NODE_ENV=production STRATA_NODE_DATA_DIR=/var/lib/strata STRATA_AGENT_PACKAGE=container
# As root: it gives files to the user that runs servers, makes whiteouts, and talks to Docker's socket, which is root's power anyway.
USER 0:0
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/opt/strata/strata-agent.mjs"]

FROM ${NODE_IMAGE} AS brain
LABEL org.opencontainers.image.title="Strata brain"
WORKDIR /opt/strata
# Owned by root and not writable by the brain.
COPY --from=build /src/package.json ./
COPY --from=build /src/scripts/brain.mjs /src/scripts/brain-settings.mjs /src/scripts/brain-health.mjs /src/scripts/paths.mjs ./scripts/
COPY --from=build /src/.output ./.output
COPY --from=build /src/dist/agent/strata-agent.mjs /src/dist/agent/join.sh ./dist/agent/
RUN mkdir -p /data && chown 1000:1000 /data
ENV NODE_ENV=production STRATA_HOST=0.0.0.0 STRATA_DATA_DIR=/data
USER 1000:1000
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["node", "scripts/brain-health.mjs"]
ENTRYPOINT ["node", "scripts/brain.mjs"]
