package sink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/pipeline"
)

// heard is what a subscriber has received.
type heard struct {
	mu     sync.Mutex
	values []string
	gaps   []int
}

func (h *heard) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.values)
}

// subscribe listens until the test ends, or until the function that it returns is called, which returns what Subscribe
// did.
func subscribe(t *testing.T, m *Momento, topic string) (*heard, func() error) {
	t.Helper()
	h := &heard{}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- m.Subscribe(ctx, Subscription{
			Cache: "my cache", Topic: topic,
			Received: func(i Item) {
				h.mu.Lock()
				defer h.mu.Unlock()
				h.values = append(h.values, string(i.Value))
			},
			Gap: func(missing int) { h.mu.Lock(); defer h.mu.Unlock(); h.gaps = append(h.gaps, missing) },
		})
	}()
	stop := sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	return h, stop
}

func soon(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func TestSubscriberReceivesWhatIsPublishedByteForByte(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, topic string
		text, query bool
	}{{"bytes", "a/b c%", false, false}, {"text", "..", true, false}, {
		"with the key in the query", "t?&=",
		false, true,
	}} {
		t.Run(c.name, func(t *testing.T) {
			server, err := emulator.New(emulator.Config{APIKey: "secret+key"})
			if err != nil {
				t.Fatal(err)
			}
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			go func() { _ = server.Serve(t.Context(), ln) }()
			m := newMomento(t, "http://"+ln.Addr().String(), func(cfg *Config) { cfg.QueryAuth = c.query })
			h, stop := subscribe(t, m, c.topic)
			p := m.Publisher()
			defer p.Close()
			publish := func(payload string) {
				r := request(c.topic, []byte(payload))
				r.Text = c.text
				if a := p.Publish(r); a.Verdict != pipeline.Accept {
					t.Fatal(a)
				}
			}
			soon(t, "a first value",
				func() bool { publish("first"); time.Sleep(5 * time.Millisecond); return h.count() > 0 })
			var want []string
			for i := range 300 {
				value := fmt.Sprintf("%d ü\x01", i)
				want = append(want, value)
				publish(value)
			}
			publish("last")
			soon(t, "the last value",
				func() bool { h.mu.Lock(); defer h.mu.Unlock(); return h.values[len(h.values)-1] == "last" })
			if err := stop(); err != nil || len(h.gaps) > 0 {
				t.Errorf("ended with %v, gaps %v", err, h.gaps)
			}
			if got := h.values[len(h.values)-1-len(want) : len(h.values)-1]; !slices.Equal(got, want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

// polls answers polls one after the other, the last one for ever, and notes what they asked for.
func polls(t *testing.T, answers ...string) (m *Momento, asked func() []string) {
	t.Helper()
	var mu sync.Mutex
	var queries []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		queries = append(queries, r.URL.Query().Get("sequence_number")+"/"+r.URL.Query().Get("sequence_page"))
		n := len(queries) - 1
		mu.Unlock()
		if n >= len(answers) {
			<-r.Context().Done()
			return
		}
		if status := 0; !strings.HasPrefix(answers[n], "{") {
			_, _ = fmt.Sscan(answers[n], &status)
			w.WriteHeader(status)
			fmt.Fprint(w, "the key secret+key is not liked")
			return
		}
		fmt.Fprint(w, answers[n])
	}))
	t.Cleanup(server.Close)
	return newMomento(t, server.URL, nil),
		func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(queries) }
}

const (
	item5    = `{"item":{"topic_sequence_number":5,"sequence_page":1,"value":{"text":"five"}}}`
	item6    = `{"item":{"topic_sequence_number":6,"sequence_page":1,"value":{"binary":"c2l4"}}}`
	item9    = `{"item":{"topic_sequence_number":9,"sequence_page":1,"value":{"binary":[110,105,110,101]}}}`
	newPage  = `{"discontinuity":{"last_topic_sequence":9,"new_topic_sequence":1,"new_sequence_page":2}}`
	gapTo9   = `{"discontinuity":{"last_topic_sequence":6,"new_topic_sequence":9,"new_sequence_page":1}}`
	item1on2 = `{"item":{"topic_sequence_number":1,"sequence_page":2,"value":{"text":"one"}}}`
)

func items(list ...string) string { return `{"items":[` + strings.Join(list, ",") + `]}` }

func TestSubscriberGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		answers []string
		values  []string
		gaps    []int
		asked   []string
	}{
		{
			"after each answer",
			[]string{items(item5), items(item6)},
			[]string{"five", "six"},
			nil,
			[]string{"0/0", "6/1", "7/1"},
		},
		{
			"after a failure",
			[]string{items(item5), "503", items(item6)},
			[]string{"five", "six"},
			nil,
			[]string{"0/0", "6/1", "6/1", "7/1"},
		},
		{
			"after too many requests",
			[]string{"429", items(item5)},
			[]string{"five"},
			nil,
			[]string{"0/0", "0/0", "6/1"},
		},
		{
			"after what makes no sense",
			[]string{items(item5), `{"items":7}`, items(item6)},
			[]string{"five", "six"},
			nil,
			[]string{"0/0", "6/1", "6/1", "7/1"},
		},
		{
			"without what was there before",
			[]string{items(item5, item6), items(item5, item6, item9)},
			[]string{"five", "six", "nine"},
			[]int{2}, // The number after is always one more.
			[]string{"0/0", "7/1", "10/1"},
		},
		{
			"after a gap",
			[]string{items(item5, item6), items(gapTo9, item9)},
			[]string{"five", "six", "nine"},
			[]int{2},
			[]string{"0/0", "7/1", "10/1"},
		},
		{
			"on a new page",
			[]string{items(item9), items(newPage), items(item1on2)},
			[]string{"nine", "one"},
			[]int{0},
			[]string{"0/0", "10/1", "1/2", "2/2"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, asked := polls(t, c.answers...)
			h, stop := subscribe(t, m, "t")
			soon(t, "every question", func() bool { return len(asked()) == len(c.asked) })
			if err := stop(); err != nil {
				t.Errorf("ended with %v", err)
			}
			if !slices.Equal(h.values, c.values) || !slices.Equal(h.gaps, c.gaps) || !slices.Equal(asked(), c.asked) {
				t.Errorf("values %q, gaps %v, asked %v", h.values, h.gaps, asked())
			}
		})
	}
}

func TestSubscriberEndsWhenItIsRefusedForGood(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"400", "401", "403", "404"} {
		m, _ := polls(t, status)
		err := m.Subscribe(t.Context(), Subscription{Cache: "c", Topic: "t"})
		if _, ok := errors.AsType[*SubscribeError](err); !ok || strings.Contains(err.Error(), "secret") ||
			!strings.Contains(err.Error(), status) {
			t.Errorf("%s: %v", status, err)
		}
	}
}

func TestSubscriberForWhomThereIsNoPlaceEndsIfItIsBrief(t *testing.T) {
	t.Parallel()
	full := []string{"429", "429", "429", "429"}
	m, _ := polls(t, full...)
	err := m.Subscribe(t.Context(), Subscription{Cache: "c", Topic: "t", Brief: true})
	if _, ok := errors.AsType[*SubscribeError](err); !ok || !strings.Contains(err.Error(), "429") ||
		!strings.Contains(err.Error(), "Momento lets an account have 100 in a region") {
		t.Errorf("it ended with %v", err)
	}
}

func TestSubscriberThatHasHadAPlaceGoesOn(t *testing.T) {
	t.Parallel()
	m, asked := polls(t, items(item5), "429", "429", "429", "429", items(item6))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- m.Subscribe(ctx, Subscription{
			Cache: "c", Topic: "t", Received: func(Item) {}, Gap: func(int) {}, Brief: true,
		})
	}()
	soon(t, "every question", func() bool { return len(asked()) == 7 })
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestSubscriberTellsWhatItCouldNotGetOver(t *testing.T) {
	t.Parallel()
	m := newMomento(t, "http://127.0.0.1:1", func(cfg *Config) { cfg.QueryAuth = true })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := m.Subscribe(ctx, Subscription{Cache: "c", Topic: "t", Failed: func(error) { cancel() }})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("ended with %v", err)
	}
}
