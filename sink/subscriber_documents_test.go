package sink

import (
	"compress/gzip"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/pipeline"
)

// Sources: P is momentohq/client-protos proto/cachepubsub.proto at 6295b59; Y is momentohq/client-sdk-python
// tests/momento/topic_client/test_topics.py at 26b4bd6. The emulator's tests name more.
func TestSubscriberHearsAnEndpointAsDocumentedAndOtherwise(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		documented emulator.Documented
		want       []string
	}{
		{"it begins with the latest message (P, Y)", emulator.Documented{}, []string{"latest", "one", "two", "anew"}},
		{"polls end (P: heartbeats)", emulator.Documented{PollTimeout: 5 * time.Millisecond}, []string{
			"latest", "one",
			"two", "anew",
		}},
		{"breaks name the number before (P)", emulator.Documented{NewSequence: emulator.Before}, []string{
			"latest",
			"one", "two", "anew",
		}},
		{"it begins with what comes", emulator.Documented{FromZero: emulator.Now}, []string{"one", "two", "anew"}},
		{"pages have 64 bits (P)", emulator.Documented{Page: 1<<64 - 2}, []string{"latest", "one", "two", "anew"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server, err := emulator.New(emulator.Config{Settings: emulator.Settings{Documented: c.documented}})
			if err != nil {
				t.Fatal(err)
			}
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			go func() { _ = server.Serve(t.Context(), ln) }()
			m := newMomento(t, "http://"+ln.Addr().String(), nil)
			p := m.Publisher()
			defer p.Close()
			publish := func(texts ...string) {
				for _, text := range texts {
					if a := p.Publish(request("t", []byte(text))); a.Verdict != pipeline.Accept {
						t.Fatal(a)
					}
				}
			}
			publish("earlier", "latest")
			h, stop := subscribe(t, m, "t")
			if c.documented.FromZero == emulator.Now {
				soon(t, "a poll", func() bool { return server.Stats().Subscribers > 0 })
			} else {
				soon(t, "the latest", func() bool { return h.count() == 1 })
			}
			publish("one", "two")
			soon(t, "what was published", func() bool { return h.count() == len(c.want)-1 })
			settings := emulator.Settings{Documented: c.documented}
			settings.Page++
			settings.Page = max(2, settings.Page)
			if err := server.Set(settings); err != nil {
				t.Fatal(err)
			}
			publish("anew")
			soon(t, "the first of another page", func() bool { return h.count() >= len(c.want) })
			if err := stop(); err != nil || !slices.Equal(h.values, c.want) || !slices.Equal(h.gaps, []int{0}) {
				t.Errorf("ended with %v: %q, want %q; gaps %v", err, h.values, c.want, h.gaps)
			}
		})
	}
}

// J: packages/common-integration-tests/src/auth/auth-client.ts of momentohq/client-sdk-javascript at 30fa5d26 reads the
// id of the token with an item.
func TestSubscriberLearnsWhoPublishedAndHow(t *testing.T) {
	t.Parallel()
	p, _ := reader()
	var got []Item
	p.Received = func(i Item) { got = append(got, i) }
	at := time.Unix(7, 0)
	const answer = `{"items":[{"item":{"topic_sequence_number":4,"sequence_page":9,"publisher_id":"me",` +
		`"value":{"text":"a"}}},{"item":{"topic_sequence_number":5,"sequence_page":9,"value":{"binary":"Yg=="}}}]}`
	if err := p.take([]byte(answer), at); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || string(got[0].Value) != "a" || !got[0].Text || got[0].Publisher != "me" ||
		got[0].Sequence != 4 || got[0].Page != 9 || !got[0].At.Equal(at) ||
		string(got[1].Value) != "b" || got[1].Text || got[1].Publisher != "" {
		t.Errorf("got %+v", got)
	}
}

// Whatever an endpoint sends, a subscriber reads so much of it and no more, and goes on.
func TestSubscriberGetsOverAnswersWithoutEnd(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		chunk := []byte(strings.Repeat(" ", 1<<20))
		switch asked.Add(1) {
		case 1:
			for n := 0; n < 10*maxPolled; n += len(chunk) {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
			t.Error("all of it was read")
		case 2: // It is compressed into little.
			w.Header().Set("Content-Encoding", "gzip")
			z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
			for n := 0; n <= maxPolled; n += len(chunk) {
				_, _ = z.Write(chunk)
			}
			_ = z.Close()
		case 3:
			_, _ = w.Write([]byte(`{"items":[` + strings.Repeat("{},", 1<<12) + message(1, 1, "a") + `]}`))
		default:
			<-r.Context().Done()
		}
	}))
	t.Cleanup(server.Close)
	h, stop := subscribe(t, newMomento(t, server.URL, nil), "t")
	soon(t, "what comes afterwards", func() bool { return h.count() > 0 })
	if err := stop(); err != nil || !slices.Equal(h.values, []string{"a"}) || len(h.gaps) > 0 {
		t.Errorf("ended with %v: %q, gaps %v", err, h.values, h.gaps)
	}
}
