# The image of the Job: Node and the command, without the sandbox. Pin the image that you build by its digest
# (`job: { image: 'name@sha256:...' }`), and pin the base images below as well, because tags can be moved.
FROM node:24.21.0-slim AS build
WORKDIR /src
COPY . .
RUN npm ci && npm run build

FROM node:24.21.0-slim
WORKDIR /opt/kafka-tls
COPY --from=build /src/lib/bin/kafka-tls.js /src/lib/bin/package.json /src/lib/bin/LICENSES.txt /src/LICENSE /src/NOTICE ./
COPY --from=build /src/lib/bin/chunks ./chunks
# The user of the Job that KafkaTls emits. The number lets Kubernetes check `runAsNonRoot`.
USER 65532:65532
ENTRYPOINT ["node", "/opt/kafka-tls/kafka-tls.js"]
CMD ["--help"]
