# One image for every role; docker-compose.yml says which one a container plays.
#
#   docker build -t pierhead .
#
# BASE             the image to build and to run on: Node.js 20, a shell, a user with id 1000
# SYSTEM_PACKAGES  Debian packages that BASE lacks: the git provider runs `git`, https needs certificates.
#                  Empty for a BASE that has them (or has no apt); a failed installation fails the build.
ARG BASE=node:20-slim

FROM ${BASE} AS base
ARG SYSTEM_PACKAGES="git ca-certificates"
RUN if [ -n "$SYSTEM_PACKAGES" ]; then \
      apt-get update && \
      apt-get install -y --no-install-recommends $SYSTEM_PACKAGES && \
      rm -rf /var/lib/apt/lists/*; \
    fi
# Volumes are empty and root's unless the image has a folder in their place: they take its owner.
RUN mkdir -p /data && chown 1000:1000 /data
WORKDIR /pierhead

# The manifests alone, so that a change of the source leaves the installed packages in the cache.
FROM base AS manifests
COPY . .
RUN find libs services -mindepth 2 -maxdepth 2 ! -name package.json -exec rm -rf {} +

FROM base AS production
COPY --from=manifests /pierhead ./
RUN npm ci --omit=dev --ignore-scripts --no-update-notifier && rm -rf /root/.npm

FROM base AS build
COPY --from=manifests /pierhead ./
RUN npm ci --ignore-scripts --no-update-notifier
COPY . .
RUN TURBO_TELEMETRY_DISABLED=1 npx --no turbo run build --output-logs=errors-only && \
    find libs services -mindepth 2 -maxdepth 2 \( -name src -o -name .turbo -o -name node_modules \) -exec rm -rf {} +

FROM base
COPY --from=production /pierhead ./
COPY --from=build /pierhead/libs libs
COPY --from=build /pierhead/services services
ENV NODE_ENV=production PIERHEAD_DATA_DIR=/data
USER 1000:1000
CMD ["node", "--eval", "console.error('Say which service: node services/{catalog,api,worker,gateway}/dist/main.js'); process.exit(64)"]
