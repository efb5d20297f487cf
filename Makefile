SHELL := bash
.PHONY: build slim man test long race fuzz chaos bench lint fmt demo emulator realinput repeats witness canary simulation quota limit replicas matrix cost timing browser screenshots image site release-snapshot check module bench-compare

build:     ; go build -trimpath -buildvcs=auto -ldflags "-s -w" -o bin/momento-bridge ./cmd/momento-bridge
slim:      ; go build -trimpath -buildvcs=auto -tags slim -ldflags "-s -w" -o bin/momento-bridge-slim ./cmd/momento-bridge
man:       ; go run -tags man ./cmd/momento-bridge man bin/man
test:      ; go test ./...
long:      ; LONG_TESTS=1 go test -count 1 -timeout 20m ./test/chaos ./grafana
race:      ; go test -race -shuffle=on ./...
fuzz:      ; bash .ci/fuzz 60s
chaos:
	CHAOS=long go test -count 1 -timeout 2h -v ./test/chaos
	CHAOS=long CHAOS_PIPELINE=8 go test -count 1 -timeout 2h -v ./test/chaos
bench:     ; set -o pipefail; mkdir -p bench/results && go test -run '^$$' -bench . -count 6 -timeout 2h ./... | tee bench/results/$$(date -u +%Y-%m-%dT%H%M)-$$(git describe --always --dirty).txt
lint:      ; go tool -modfile=tools/go.mod golangci-lint run
fmt:       ; go tool -modfile=tools/go.mod gofumpt -w .
demo:      ; go run ./cmd/momento-bridge demo
emulator:  ; go run ./cmd/momento-bridge emulator
realinput: ; go run ./bench/realinput
repeats:   ; go run ./bench/repeats
witness:   ; go run ./bench/witness -for 1h
canary:    ; go run ./bench/canary
simulation: ; go test ./test/simulation -run '^TestSimulation$$' -seeds 10000 -timeout 2h
quota:     ; go run ./bench/quota
limit:     ; go run ./bench/limit
replicas:  ; go run ./bench/replicas
matrix:    ; go run ./bench/matrix -what servers,go,systems
cost:      ; go run ./bench/cost
timing:    ; go run ./bench/timing
browser:   ; go -C test/browser test -count 1 -v ./...
screenshots: ; go -C test/browser run ./screenshots
image:     ; docker build -t momento-bridge --build-arg VERSION=$$(git describe --tags --always --dirty) --build-arg REVISION=$$(git rev-parse HEAD) --build-arg CREATED=$$(TZ=UTC git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ) .
site:      ; mkdocs build --strict # into bin/site; mkdocs serve shows it
release-snapshot: ; rm -rf bin/snapshot && bash .ci/release bin/snapshot # docs/releasing.md
check:     ; bash .ci/run
# Gives the module another path: make module MODULE=example.com/you/momento-bridge
module:    ; go run ./module $(MODULE)

# The two newest results, unless OLD and NEW say which.
RESULTS := $(sort $(wildcard bench/results/*.txt))
NEW ?= $(lastword $(RESULTS))
OLD ?= $(lastword $(filter-out $(NEW),$(RESULTS)))
bench-compare: ; @test -n "$(OLD)" -a -n "$(NEW)" || { echo 'two results are needed: run make bench before and after, or say OLD= and NEW='; exit 1; }; go tool -modfile=tools/go.mod benchstat $(OLD) $(NEW)
