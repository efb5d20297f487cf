package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	protocol "momento-bridge/lease"
	"momento-bridge/source"
	"momento-bridge/test/lab"
)

func TestMain(m *testing.M) {
	lab.SetParallel("8")
	os.Exit(m.Run())
}

// startServer starts a server with JetStream that lives as long as the test at most.
func startServer(t *testing.T, o server.Options) *server.Server {
	t.Helper()
	o.Host, o.NoSigs, o.NoLog, o.JetStream, o.StoreDir = "127.0.0.1", true, true, true, t.TempDir()
	if o.Port == 0 {
		o.Port = server.RANDOM_PORT
	}
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

// replica is one process, as far as leases go.
type replica struct {
	*Manager
	conn *nats.Conn
	stop func()
}

// userURL is the server's URL for a user whose password is p.
func userURL(s *server.Server, user string) string {
	return strings.Replace(s.ClientURL(), "//", "//"+user+":p@", 1)
}

// start starts a replica that has leases of the routes.
func start(t *testing.T, url string, cfg Config, routes ...string) *replica {
	t.Helper()
	return startOn(t, source.ConnectConfig{URL: url}, cfg, routes...)
}

func startOn(t *testing.T, to source.ConnectConfig, cfg Config, routes ...string) *replica {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil)).With("replica", cfg.Member)
	conn, err := source.Connect(to, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	cfg.Life, cfg.Group = nats.NewInbox(), "g"
	if cfg.Bucket == "" {
		cfg.Bucket = "B"
	}
	r := &replica{Manager: New(conn, source.NewAcks(conn), cfg, log), conn: conn}
	for _, route := range routes {
		r.For(route, 0)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	r.stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() {
		cancel()
		if len(done) > 0 {
			<-done
		}
	})
	return r
}

// take takes a lease, however long that takes.
func (r *replica) take(t *testing.T, route string) source.Hold {
	t.Helper()
	h, err := r.For(route, 0).Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func within(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not %s in time", what)
		}
	}
}

func await(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(time.Minute):
		t.Fatalf("not %s in time", what)
	}
}

func short() Config { return Config{Lease: 2 * time.Second, Member: "one", Create: true} }

func named(cfg Config, member string) Config {
	cfg.Member = member
	return cfg
}

// patient is for tests that must not lose a lease however busy the machine is.
func patient() Config { return Config{Lease: time.Minute, Member: "one", Create: true} }

// free makes the bucket, in which leases are free at once.
func free(t *testing.T, url string, routes ...string) {
	t.Helper()
	conn, err := nats.Connect(url, nats.Timeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "B"})
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range routes {
		if _, err := kv.PutString(t.Context(), "g."+route, `{"holder":"","life":"x","epoch":1}`); err != nil {
			t.Fatal(err)
		}
	}
}

func TestALeaseIsHandedOverWhenItIsReleased(t *testing.T) {
	t.Parallel()
	url := startServer(t, server.Options{}).ClientURL()
	free(t, url, "r")
	one := start(t, url, patient(), "r")
	first := one.take(t, "r")
	two := start(t, url, named(patient(), "two"), "r")
	taken := make(chan source.Hold, 1)
	go func() {
		if h, err := two.For("r", 0).Take(t.Context()); err == nil {
			taken <- h
		}
	}()
	within(t, "standing by", func() bool { return two.For("r", 0).Standby() == "one holds the lease" })
	if !first.Held(time.Now()) || len(taken) > 0 {
		t.Fatal("the first one does not hold it")
	}
	first.Release()
	second := <-taken
	if first.Held(time.Now()) || !second.Held(time.Now()) {
		t.Fatal("it was not handed over")
	}
	two.stop()
	await(t, "told of the end", second.Lost())
	if h := one.take(t, "r"); !h.Held(time.Now()) {
		t.Fatal("what a stop releases is not free")
	}
}

func TestALeaseOfOneThatIsGoneIsTaken(t *testing.T) {
	t.Parallel()
	url := startServer(t, server.Options{}).ClientURL()
	one := start(t, url, short(), "r")
	first := one.take(t, "r")
	one.conn.Close()
	two := start(t, url, named(short(), "two"), "r")
	second := two.take(t, "r")
	if first.Held(time.Now()) {
		t.Fatal("both hold it")
	}
	await(t, "told that it is lost", first.Lost())
	defer second.Release()
	status := two.Status()[0]
	if status.Holder != "two" || !status.Mine {
		t.Fatalf("status %+v", status)
	}
}

func TestLeasesAreBalanced(t *testing.T) {
	t.Parallel()
	url := startServer(t, server.Options{}).ClientURL()
	var routes []string
	for i := range 4 {
		routes = append(routes, fmt.Sprint("r", i))
	}
	one, two := start(t, url, short(), routes...), start(t, url, named(short(), "two"), routes...)
	for _, r := range []*replica{one, two} {
		for _, route := range routes {
			go func() {
				for {
					h, err := r.For(route, 0).Take(t.Context())
					if err != nil {
						return
					}
					select {
					case <-h.Recalled():
					case <-h.Lost():
					case <-t.Context().Done():
					}
					h.Release()
				}
			}()
		}
	}
	held := func(r *replica) (n int) {
		for _, s := range r.Status() {
			if s.State == "publishing" {
				n++
			}
		}
		return n
	}
	within(t, "balanced", func() bool { return held(one) == 2 && held(two) == 2 })
}

func TestWhatABucketHeldIsLostWithIt(t *testing.T) {
	t.Parallel()
	url := startServer(t, server.Options{}).ClientURL()
	one := start(t, url, short(), "r")
	first := one.take(t, "r")
	js, err := jetstream.New(one.conn)
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteKeyValue(t.Context(), "B"); err != nil {
		t.Fatal(err)
	}
	await(t, "told that it is lost", first.Lost())
	one.take(t, "r")
}

func TestWithoutABucketAReplicaCarriesAloneUntilThereIsOne(t *testing.T) {
	t.Parallel()
	url := startServer(t, server.Options{}).ClientURL()
	cfg := short()
	cfg.Create = false
	one := start(t, url, cfg, "r")
	first := one.take(t, "r")
	if s := one.Status()[0]; s.State != "alone" || !s.Mine || !first.Held(time.Now()) {
		t.Fatalf("status %+v", s)
	}
	if what, advice := one.Missing(); what == "" || advice == "" {
		t.Fatalf("missing %q, advice %q", what, advice)
	}
	two := start(t, url, named(short(), "two"), "r") // It makes the bucket.
	await(t, "recalled", first.Recalled())
	first.Release()
	two.take(t, "r")
	within(t, "standing by", func() bool { return one.For("r", 0).Standby() == "two holds the lease" })
	if what, _ := one.Missing(); what != "" {
		t.Fatalf("still missing: %s", what)
	}
}

// What docs/permissions.md lists suffices, and without any of it the replica knows what it lacks, and carries alone.
func TestListedPermissionsSufficeForLeases(t *testing.T) {
	t.Parallel()
	all := []string{
		"$JS.API.STREAM.INFO.KV_B", "$KV.B.>", "$JS.API.CONSUMER.CREATE.KV_B.>", "$JS.API.CONSUMER.DELETE.KV_B.>",
	}
	may := func(user string, publish ...string) *server.User {
		return &server.User{Username: user, Password: "p", Permissions: &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: publish},
			Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.>"}},
		}}
	}
	s := startServer(t, server.Options{Users: []*server.User{
		{Username: "admin", Password: "p"},
		may("least", all...), may("none", "x"), may("info", all[0]),
		may("write", all[0], all[1]),
	}})
	free(t, userURL(s, "admin"), "r")
	cfg := patient()
	cfg.Create = false
	least := start(t, userURL(s, "least"), cfg, "r")
	if h := least.take(t, "r"); !h.Held(time.Now()) || least.Status()[0].State != "publishing" {
		t.Fatalf("status %+v", least.Status())
	}
	lack := map[string]string{"none": all[0], "info": "$KV.B.", "write": "$JS.API.CONSUMER.CREATE.KV_B."}
	for user, lacks := range lack {
		r := start(t, userURL(s, user), cfg, user)
		r.take(t, user)
		what, advice := r.Missing()
		if r.Status()[0].State != "alone" || !strings.Contains(what, lacks) || !strings.Contains(advice, "grant") {
			t.Errorf("%s: %+v, missing %q, advice %q", user, r.Status(), what, advice)
		}
	}
}

func TestWithoutABucketTheOldestOfThoseHeardCarries(t *testing.T) {
	t.Parallel()
	url := startServer(t, server.Options{}).ClientURL()
	var older atomic.Bool
	cfg := short()
	cfg.Create = false
	cfg.Heard = func() (bool, bool) { return older.Load(), older.Load() }
	one := start(t, url, cfg, "r")
	first := one.take(t, "r")
	older.Store(true)
	await(t, "recalled", first.Recalled())
	first.Release()
	if s := one.Status()[0]; s.State != "standby" {
		t.Fatalf("status %+v", s)
	}
	if by := one.For("r", 0).Standby(); !strings.Contains(by, "nats kv add B --history=1") {
		t.Fatalf("standing by says %q", by)
	}
	older.Store(false)
	if second := one.take(t, "r"); !second.Held(time.Now()) {
		t.Fatal("it is not held")
	}
}

// Virtual time: how long nobody carries is what this is about.
func TestWithoutABucketWhoSaysThatItLeavesIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for _, says := range []bool{true, false} {
		older, left := true, 0
		m := New(nil, nil, Config{
			Lease: 2 * time.Second, Member: "two",
			Heard: func() (bool, bool) { return older, older },
			Left:  func() int { return left },
		}, slog.New(slog.DiscardHandler))
		m.place, m.missing = behind, errNone
		var s solitude
		for at := protocol.Instant(0); at < 2*time.Second; at += listenEvery {
			s.step(m, at)
		}
		older = false
		if says {
			left++
		}
		now := 2 * time.Second
		for ; m.place != alone && now < 10*time.Second; now += listenEvery {
			s.step(m, now)
		}
		if took := now - 2*time.Second; says && took > listenEvery || !says && took < silence-listenEvery {
			t.Errorf("it said that it leaves: %v; another one carries after %v", says, took)
		}
	}
}

func TestAHolderThatStandsStillNoticesByItself(t *testing.T) {
	t.Parallel()
	url := startServer(t, server.Options{}).ClientURL()
	free(t, url, "r")
	one := start(t, url, patient(), "r")
	h := one.take(t, "r")
	now := time.Now()
	if !h.Held(now) || h.Held(now.Add(2*one.cfg.Lease)) {
		t.Fatal("it is held without end")
	}
	if h.Expires() != one.cfg.Lease/5*2 {
		t.Fatalf("requests may stay open for %v", h.Expires())
	}
}

// Values that vanish without a mark are no deletions that a watch tells of.
func TestALeaseOfABucketThatWasEmptiedIsTakenAgain(t *testing.T) {
	t.Parallel()
	url := startServer(t, server.Options{}).ClientURL()
	free(t, url, "r", "s")
	short := Config{Lease: 2 * time.Second, Member: "one", Create: true}
	one := start(t, url, short, "r", "s")
	first := [...]source.Hold{one.take(t, "r"), one.take(t, "s")}
	short.Member = "two"
	two := start(t, url, short, "r", "s")
	within(t, "seen by the other one", func() bool { return two.For("r", 0).Standby() != "" })
	one.conn.Close() // It is gone, and what it has left behind as well.
	if err := purge(t, url); err != nil {
		t.Fatal(err)
	}
	two.take(t, "r")
	two.take(t, "s")
	for _, h := range first {
		if h.Held(time.Now()) {
			t.Error("two hold it")
		}
	}
}

func TestAHolderGoesOnWhenItsBucketIsEmptied(t *testing.T) {
	t.Parallel()
	url := startServer(t, server.Options{}).ClientURL()
	free(t, url, "r")
	one := start(t, url, Config{Lease: 2 * time.Second, Member: "one", Create: true}, "r")
	h := one.take(t, "r")
	if err := purge(t, url); err != nil {
		t.Fatal(err)
	}
	within(t, "in the bucket again", func() bool {
		select {
		case <-h.Lost(): // It was not quick enough, on a busy machine.
			h = one.take(t, "r")
		default:
		}
		return stored(t, url) && h.Held(time.Now())
	})
}

func TestABucketWhoseValuesExpireIsNamedAndNotUsed(t *testing.T) {
	t.Parallel()
	url := startServer(t, server.Options{}).ClientURL()
	free(t, url, "r")
	err := onBucket(t, url, func(js jetstream.JetStream, s jetstream.Stream) error {
		cfg := s.CachedInfo().Config
		cfg.MaxAge, cfg.Duplicates = time.Second, time.Second
		_, err := js.UpdateStream(t.Context(), cfg)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	one := start(t, url, patient(), "r")
	one.take(t, "r") // Alone.
	what, advice := one.Missing()
	if !strings.Contains(what, "expire after 1s") || !strings.Contains(advice, "kv add B") {
		t.Errorf("%q, %q", what, advice)
	}
}

// onBucket calls f with the bucket's stream.
func onBucket(t *testing.T, url string, f func(jetstream.JetStream, jetstream.Stream) error) error {
	t.Helper()
	conn, err := nats.Connect(url, nats.Timeout(time.Minute))
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	stream, err := js.Stream(t.Context(), "KV_B")
	if err != nil {
		return err
	}
	return f(js, stream)
}

func purge(t *testing.T, url string) error {
	t.Helper()
	return onBucket(t, url, func(_ jetstream.JetStream, s jetstream.Stream) error { return s.Purge(t.Context()) })
}

// stored reports whether there is anything in the bucket.
func stored(t *testing.T, url string) bool {
	t.Helper()
	n := uint64(0)
	err := onBucket(t, url, func(_ jetstream.JetStream, s jetstream.Stream) error {
		n = s.CachedInfo().State.Msgs
		return nil
	})
	return err == nil && n > 0
}

func TestTakeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	url := startServer(t, server.Options{}).ClientURL()
	free(t, url, "r")
	one := start(t, url, patient(), "r")
	h := one.take(t, "r")
	two := start(t, url, named(patient(), "two"), "r")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := two.For("r", 0).Take(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("Take: %v", err)
	}
	h.Release()
	if h := one.take(t, "r"); !h.Held(time.Now()) {
		t.Fatal("who has ended waiting got it")
	}
}

// A reload may add routes and remove others while leases are held.
func TestLeasesComeAndGoWhileOthersAreHeld(t *testing.T) {
	t.Parallel()
	url := startServer(t, server.Options{}).ClientURL()
	free(t, url, "a", "b")
	one := start(t, url, patient()) // It has none at first.
	a := one.take(t, "a")
	two := start(t, url, named(patient(), "two"), "b")
	b := two.take(t, "b")
	ctx, cancel := context.WithCancel(t.Context())
	waits := make(chan error, 1)
	go func() {
		_, err := one.For("b", 0).Take(ctx)
		waits <- err
	}()
	within(t, "standing by", func() bool { return one.For("b", 0).Standby() == "two holds the lease" })
	cancel()
	<-waits
	one.Drop("b", 0)
	within(t, "forgotten", func() bool { return len(one.leasesKnown()) == 1 })
	b.Release()
	again := one.take(t, "b") // It is added anew, when another one has had it.
	if !again.Held(time.Now()) || !a.Held(time.Now()) {
		t.Error("it is not held")
	}
	again.Release()
	one.Drop("b", 0)
	if got := len(one.Status()); got != 1 {
		t.Errorf("%d leases are told of, want that of the route that is left", got)
	}
	if h := two.take(t, "b"); !h.Held(time.Now()) { // What is dropped is given back first.
		t.Error("the other replica does not get it")
	}
	within(t, "forgotten", func() bool { return len(one.leasesKnown()) == 1 })
}

func (r *replica) leasesKnown() []*lease {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.leases)
}
