# The image of the Job: one file, and Node to run it. Pin what you build by its digest (`job: { image: 'name@sha256:...' }`), and these two
# as well: tags can be moved, and no digest is known before a registry has been asked.
FROM node:24.21.0-slim AS build
WORKDIR /src
COPY . .
RUN npm ci && npm run build

FROM node:24.21.0-slim
COPY --from=build /src/lib/bin/kafka-tls.js /src/lib/bin/LICENSES.txt /src/LICENSE /src/NOTICE /opt/kafka-tls/
# The user of the Job that KafkaTls emits; a number, so that `runAsNonRoot` can be checked.
USER 65532:65532
# It mostly waits, so that memory is worth more than speed: little room for what is short-lived, and no optimising compilers.
ENTRYPOINT ["node", "--max-semi-space-size=1", "--no-opt", "--no-maglev", "/opt/kafka-tls/kafka-tls.js"]
CMD ["--help"]
