# A static binary in an otherwise empty image: no shell, no package manager. Builds with BuildKit and with buildah:
#   docker build -t momento-bridge .
#   buildah build -t momento-bridge --build-arg VERSION=0.1.0 .   # else the version is dev: the image's build sees no .git
# make image tells both arguments from git. docs/operations.md says how to look into a running container.
FROM docker.io/library/golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /image/usr/local/bin/momento-bridge ./cmd/momento-bridge
RUN mkdir -p /image/etc/ssl/certs /image/etc/momento-bridge /image/tmp \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && chmod 1777 /image/tmp

FROM scratch
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="momento-bridge" \
      org.opencontainers.image.description="Carries messages from NATS to Momento Topics" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /image/ /
# For `kubectl exec … momento-bridge status`; and so that `-c config.yaml` means the same file as in run.
ENV PATH=/usr/local/bin
WORKDIR /etc/momento-bridge
USER 65532:65532
EXPOSE 9464
# Progress of the daemon alone, as /livez tells it: an outage of NATS or Momento is none of the container's.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["/usr/local/bin/momento-bridge", "status", "--live", "-c", "config.yaml"]
ENTRYPOINT ["/usr/local/bin/momento-bridge"]
CMD ["run", "-c", "/etc/momento-bridge/config.yaml"]
