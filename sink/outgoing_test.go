package sink

import (
	"crypto/tls"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Payloads of all sizes are written together, and by a full connection late.
func TestLargePayloadsAmongSmallOnesArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	certificates, ca := selfSigned(t)
	for name, secure := range map[string]*tls.Config{"plain": nil, "TLS": {Certificates: certificates}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, secure)
			l := newTestConnection(t, newMomento(t, p.url, func(c *Config) { c.CAFile = ca }), 6)
			large, fill := 1<<20, rand.New(rand.NewPCG(1, 2))
			var c *peerConn
			for _, n := range []int{6, 5, 1, 6} {
				var payloads, want []string
				for _, size := range []int{apartFrom, 0, large, apartFrom - 1, apartFrom + 1, 3}[6-n:] {
					payload := strings.Repeat(string(rune('a'+fill.IntN(26))), size)
					payloads = append(payloads, payload)
					want = append(want, payload+": accept 204")
				}
				l.send(payloads...)
				if c == nil {
					c = p.accept()
				}
				if got := c.read(n); !slices.Equal(got, payloads) {
					t.Fatalf("payloads are not as they were sent: there are %d of %d", len(got), n)
				}
				c.write(strings.Repeat(ok204, n))
				l.expect(want...)
			}
			l.close()
			if l.momento.Opened() != 1 {
				t.Errorf("%d connections, want 1", l.momento.Opened())
			}
		})
	}
}
