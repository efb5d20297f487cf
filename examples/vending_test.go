package examples

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"sync"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// gate is an endpoint that accepts what comes with a token until it is revoked.
type gate struct {
	mu      sync.Mutex // Guards the following.
	revoked map[string]bool
	count   map[string]int // Accepted, by token.
	refused int
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := r.Header.Get("Authorization")
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.revoked[token] {
		g.refused++
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	g.count[token]++
	w.WriteHeader(http.StatusNoContent)
}

func (g *gate) accepted(token string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.count[token]
}

// vended starts the machine with a life of its tokens, the daemon of the example, and an endpoint.
func vended(t *testing.T, life time.Duration) (g *gate, send func()) {
	t.Helper()
	server, js := streams(t, "orders")
	program, err := rig.Build(t.Context(), "momento-bridge/examples/vending-machine")
	must(t, err)
	address := lab.FreeAddress()
	cmd := exec.Command(program, "--listen", address, "--life", life.String(),
		"--tokens", "vending-machine/tokens.txt", "--caller", "vending-machine/headers.txt")
	machine, err := rig.StartCommand(cmd)
	must(t, err)
	t.Cleanup(machine.Kill)
	must(t, lab.AwaitListener(t.Context(), address))
	g = &gate{revoked: map[string]bool{}, count: map[string]int{}}
	endpoint := httptest.NewServer(g)
	t.Cleanup(endpoint.Close)
	run(t, configured(t, "vending-machine/config.yaml", "127.0.0.1:4222", server.Address,
		"127.0.0.1:8080", endpoint.Listener.Addr().String(), "127.0.0.1:8090", address))
	return g, func() { publish(t, js, "orders.1", "hello", nil) }
}

func TestVendedTokensAreRenewedBeforeTheyExpire(t *testing.T) {
	t.Parallel()
	g, send := vended(t, 10*time.Second) // Long enough to begin with the first one.
	send()
	lab.Eventually(t, patience, "the first token is used", func() bool { return g.accepted("token-one") > 0 })
	lab.Eventually(t, patience, "the next token is used", func() bool {
		send()
		return g.accepted("token-two") > 0
	})
	if g.refused != 0 {
		t.Errorf("%d publishes were refused", g.refused)
	}
}

func TestVendedTokenThatIsRefusedIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	g, send := vended(t, time.Hour)
	send()
	lab.Eventually(t, patience, "the first token is used", func() bool { return g.accepted("token-one") == 1 })
	g.mu.Lock()
	g.revoked["token-one"] = true
	g.mu.Unlock()
	send()
	lab.Eventually(t, patience, "the message is published with the next token",
		func() bool { return g.accepted("token-two") == 1 })
}
