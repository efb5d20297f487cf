package bus_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"momento-bridge/group"
	"momento-bridge/pipeline/quota"
	"momento-bridge/source/bus"
)

// quotas are those of a process without a pipeline.
type quotas struct {
	mu    sync.Mutex
	pacer *quota.Pacer
}

func newQuotas() *quotas {
	return &quotas{pacer: quota.NewPacer(quota.Rate{Ceiling: 100}, backoff.NewConstantBackOff(time.Second), time.Now())}
}

// Quotas implements bus.Quotas.
func (q *quotas) Quotas(_ bool, f func(now time.Time, all []quota.Shared) bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	f(time.Now(), []quota.Shared{{Scope: "region", Pacer: q.pacer, Queued: 1000}})
}

// due reports whether a publish may start.
func (q *quotas) due() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pacer.Due(time.Now(), 1).IsZero()
}

// startServer starts a server that lives as long as the test.
func startServer(t *testing.T, o server.Options) *server.Server {
	t.Helper()
	o.Host, o.Port, o.NoSigs, o.NoLog = "127.0.0.1", server.RANDOM_PORT, true, true
	s, err := server.NewServer(&o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the NATS server is not ready")
	}
	return s
}

// replica is a member of a group on a connection of its own.
type replica struct {
	*bus.Bus
	*quotas
	conn *nats.Conn
	logs *safeBuffer
	stop func()
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func startReplica(t *testing.T, url, id string) *replica {
	t.Helper()
	return startWith(t, url, "q", id)
}

// startWith starts a replica that shares the quotas of somebody.
func startWith(t *testing.T, url, whose, id string) *replica {
	t.Helper()
	conn, err := nats.Connect(url, nats.Timeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{quotas: newQuotas(), conn: conn, logs: &safeBuffer{}}
	r.Bus = bus.New(conn, bus.Config{Group: "g", Quotas: whose, Member: group.Config{
		ID: id, Started: time.Now(), Host: "host-of-" + id, Version: "v1", Routes: "abcd",
		Random: func() float64 { return 0.5 },
	}}, r.quotas, slog.New(slog.NewTextHandler(r.logs, nil)))
	if r.due() {
		t.Error("publishes start before it is known who else is there")
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	r.stop = sync.OnceFunc(func() { cancel(); running.Wait(); conn.Close() })
	t.Cleanup(r.stop)
	return r
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within a minute:", what)
		}
	}
}

func (r *replica) sees(ids ...string) bool {
	var seen []string
	for _, m := range r.Seen().Members {
		if m.Host != "host-of-"+m.ID || m.Version != "v1" || m.Routes != "abcd" {
			return false
		}
		seen = append(seen, m.ID)
	}
	return fmt.Sprint(seen) == fmt.Sprint(ids)
}

func TestReplicasSeeEachOtherAndShareTheRate(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{})
	a := startReplica(t, s.ClientURL(), "a")
	eventually(t, "the first is alone", func() bool { return a.sees("a") && a.due() })
	b := startReplica(t, s.ClientURL(), "b")
	eventually(t, "both see both, the older one keeps, and each has half", func() bool {
		for _, r := range []*replica{a, b} {
			seen := r.Seen()
			if !r.sees("a", "b") || !seen.Members[0].Keeper || seen.Members[1].Keeper || len(seen.Rates) != 1 ||
				seen.Rates[0].Rate != 100 || seen.Rates[0].Share < 50 || seen.Rates[0].Share > 55 {
				return false
			}
		}
		return true
	})
	if others, older := a.Heard(); !others || older {
		t.Error("the older one hears others", others, "of which one is older", older)
	}
	if others, older := b.Heard(); !others || !older {
		t.Error("the younger one hears others", others, "of which one is older", older)
	}
	a.Leave()
	a.stop()
	eventually(t, "the second is alone", func() bool { return b.sees("b") && b.Seen().Rates[0].Share == 100 })
}

func TestReplicasWithOtherQuotasDoNotHearEachOther(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{})
	a, other := startWith(t, s.ClientURL(), "q", "a"), startWith(t, s.ClientURL(), "other", "b")
	c := startWith(t, s.ClientURL(), "q", "c")
	eventually(t, "those with the same quotas see each other", func() bool {
		return a.sees("a", "c") &&
			c.sees("a", "c")
	})
	if !other.sees("b") {
		t.Errorf("%+v, want itself alone", other.Seen().Members)
	}
}

func TestWithoutPermissionAReplicaIsAloneAndSaysSoOnce(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{Users: []*server.User{{
		Username: "u", Password: "p", Permissions: &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: []string{"else"}},
			Subscribe: &server.SubjectPermission{Allow: []string{"else"}},
		},
	}}})
	r := startReplica(t, strings.Replace(s.ClientURL(), "//", "//u:p@", 1), "a")
	eventually(t, "it publishes, and knows what is missing", func() bool {
		return r.due() && r.Seen().Missing == "publish and subscribe to mb.g.>"
	})
	if n := strings.Count(r.logs.String(), "level=WARN"); n != 1 {
		t.Errorf("%d warnings: %s", n, r.logs)
	}
}

func TestWhatIsNoMessageIsIgnored(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{})
	a := startReplica(t, s.ClientURL(), "a")
	eventually(t, "it is alone", func() bool { return a.sees("a") && a.due() })
	for _, text := range []string{"", "x", `{"id":"b","at":-1}`, `{"id":"b","at":1,"e":1,"c":1,"m":0}`} {
		for _, to := range []string{"mb.g.q.r", "mb.g.q.l"} {
			if err := a.conn.Publish(to, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	b := startReplica(t, s.ClientURL(), "b")
	eventually(t, "it sees nobody but the other one", func() bool { return a.sees("a", "b") && b.sees("a", "b") })
}

// A reload may change the routes of a member.
func TestReplicasLearnThatOneCarriesOtherRoutes(t *testing.T) {
	t.Parallel()
	url := startServer(t, server.Options{}).ClientURL()
	one, two := startReplica(t, url, "one"), startReplica(t, url, "two")
	eventually(t, "both there", func() bool { return one.sees("one", "two") && two.sees("one", "two") })
	knows := func(r *replica, routes string) func() bool {
		return func() bool {
			return slices.ContainsFunc(r.Seen().Members, func(m group.Seen) bool { return m.Routes == routes })
		}
	}
	one.Carries("others")
	for _, r := range []*replica{one, two} {
		eventually(t, "the other routes known", knows(r, "others"))
	}
}
