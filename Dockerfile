# A static binary in an empty image. Builds with BuildKit and with buildah:
#   docker build -t momento-bridge --build-arg VERSION=0.1.0 .
#   buildah build -t momento-bridge --build-arg VERSION=0.1.0 .
FROM docker.io/library/golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /momento-bridge ./cmd/momento-bridge

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /momento-bridge /momento-bridge
USER 65532:65532
EXPOSE 9464
ENTRYPOINT ["/momento-bridge"]
CMD ["run", "-c", "/etc/momento-bridge/config.yaml"]
