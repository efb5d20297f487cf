# A static program in an otherwise empty image: no shell, no package manager. Builds with BuildKit and with buildah:
#   docker build -t momento-bridge .
#   buildah build -t momento-bridge .
# The build sees no .git: make image tells it the version. docs/image.md has all arguments, what is in the image, and
# how to build it for several architectures, and the same digest twice.
ARG GO_IMAGE=docker.io/library/golang:1.26
FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
ARG TAGS=
ARG VERSION=
RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} go build -trimpath -tags "${TAGS}" \
    -ldflags "-s -w -X main.version=${VERSION}" -o /image/usr/local/bin/momento-bridge ./cmd/momento-bridge
RUN mkdir -p /image/etc/ssl/certs /image/etc/momento-bridge /image/usr/share/doc/momento-bridge /image/tmp /image/var/lib /state \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && cp LICENSE /image/usr/share/doc/momento-bridge/ \
    && GOARCH=${TARGETARCH} sh .ci/licenses "${TAGS}" "${TARGETOS}" >/image/usr/share/doc/momento-bridge/THIRD-PARTY-LICENSES \
    && echo 'momento-bridge:x:65532:65532::/:/sbin/nologin' >/image/etc/passwd \
    && echo 'momento-bridge:x:65532:' >/image/etc/group \
    && chmod 1777 /image/tmp

FROM scratch
COPY --from=build /image/ /
# A named volume that is mounted there belongs to the user from the start.
COPY --from=build --chown=65532:65532 /state/ /var/lib/momento-bridge/
# For `kubectl exec … momento-bridge status`; and so that `-c config.yaml` means the same file as in run.
ENV PATH=/usr/local/bin
WORKDIR /etc/momento-bridge
USER 65532:65532
EXPOSE 9464
# Progress of the daemon alone, as /livez tells it: an outage of NATS or Momento is none of the container's.
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s --retries=3 CMD ["/usr/local/bin/momento-bridge", "status", "--live", "-c", "config.yaml"]
ENTRYPOINT ["/usr/local/bin/momento-bridge"]
CMD ["run", "-c", "/etc/momento-bridge/config.yaml"]
# Last, as they change with each commit.
ARG VERSION=
ARG REVISION=
ARG CREATED=
LABEL org.opencontainers.image.title="momento-bridge" \
      org.opencontainers.image.description="Carries messages from NATS to Momento Topics" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
