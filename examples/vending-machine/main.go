// Command vending-machine is a token vending machine as small as can be, for momento.api_key_url: it hands out tokens
// that live for a while, to callers that have a secret. Take it as the start of one of your own: replace mint by a
// request to Momento for a disposable token.
//
//	go run ./examples/vending-machine --tokens examples/vending-machine/tokens.txt \
//	  --caller examples/vending-machine/headers.txt
package main

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8090", "address to listen on")
	tokens := flag.String("tokens", "tokens.txt", "file with tokens, one on a line")
	caller := flag.String("caller", "headers.txt", "file with the header of callers, as Authorization: Bearer ...")
	life := flag.Duration("life", 10*time.Minute, "how long a token lives")
	flag.Parse()
	m, err := newMachine(*tokens, *caller, *life)
	if err == nil {
		server := http.Server{Addr: *listen, Handler: m, ReadHeaderTimeout: 5 * time.Second}
		slog.Info("ready", "tokens", "http://"+*listen+"/token")
		err = server.ListenAndServe()
	}
	slog.Error("ended", "error", err)
	os.Exit(1)
}

// machine hands out the tokens of a file, one after the other, and then begins again.
type machine struct {
	secret string // What the header Authorization must be.
	life   time.Duration

	mu     sync.Mutex // Guards the following.
	tokens []string
	given  int
}

func newMachine(tokens, caller string, life time.Duration) (*machine, error) {
	text, err := os.ReadFile(tokens)
	if err != nil {
		return nil, fmt.Errorf("read the tokens: %w", err)
	}
	header, err := os.ReadFile(caller)
	if err != nil {
		return nil, fmt.Errorf("read the caller's header: %w", err)
	}
	secret, ok := strings.CutPrefix(strings.TrimSpace(string(header)), "Authorization: ")
	m := &machine{secret: secret, life: life, tokens: strings.Fields(string(text))}
	if !ok || secret == "" || len(m.tokens) == 0 {
		return nil, errors.New("there must be a token, and a line that begins with Authorization: ")
	}
	return m, nil
}

// mint returns a token and when it expires. This is the place for Momento: an SDK's generateDisposableToken, with the
// scope of one cache and the topics of a subscriber, or of this bridge.
func (m *machine) mint() (token string, expires time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	token = m.tokens[m.given%len(m.tokens)]
	m.given++
	return token, time.Now().Add(m.life)
}

// ServeHTTP answers GET /token as Momento's own vending machines do.
func (m *machine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != "/token":
		http.NotFound(w, r)
	case r.Method != http.MethodGet:
		http.Error(w, "ask with GET", http.StatusMethodNotAllowed)
	case subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(m.secret)) != 1:
		http.Error(w, "who are you?", http.StatusUnauthorized)
	default:
		token, expires := m.mint()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store") // No proxy on the way may keep it.
		_ = json.NewEncoder(w).Encode(map[string]any{"authToken": token, "expiresAt": expires.Unix()})
	}
}
