.PHONY: build test race fuzz chaos bench lint fmt demo emulator realinput quota image check

build:     ; go build -trimpath -o bin/momento-bridge ./cmd/momento-bridge
test:      ; go test ./...
race:      ; go test -race -shuffle=on ./...
fuzz:      ; bash .ci/fuzz 60s
chaos:
	CHAOS=long go test -count 1 -timeout 2h -v ./chaos
	CHAOS=long CHAOS_PIPELINE=8 go test -count 1 -timeout 2h -v ./chaos
bench:     ; go test -run '^$$' -bench . -count 6 ./...
lint:      ; go tool -modfile=tools/go.mod golangci-lint run
fmt:       ; go tool -modfile=tools/go.mod gofumpt -w .
demo:      ; go run ./cmd/momento-bridge demo
emulator:  ; go run ./cmd/momento-bridge emulator
realinput: ; go run ./bench/realinput
quota:     ; go run ./bench/quota
image:     ; docker build -t momento-bridge .
check:     ; bash .ci/run
