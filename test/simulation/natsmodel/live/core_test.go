package live_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/test/simulation/natsmodel"
	"momento-bridge/test/simulation/natsmodel/live"
)

// connect returns a client of a server in a bubble.
func connect(t *testing.T, s *live.Server, options ...nats.Option) *nats.Conn {
	t.Helper()
	c, err := nats.Connect("nats://model:4222", append([]nats.Option{
		nats.SetCustomDialer(s), nats.SkipHostLookup(), nats.MaxReconnects(-1),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// inBubble runs a test with a server on virtual time. These tests run one after the other: nats.go keeps timers in a
// sync.Pool for whoever asks next, and those of one bubble are no good in another. Two collections empty it.
func inBubble(t *testing.T, cfg natsmodel.Config, f func(t *testing.T, s *live.Server)) {
	t.Helper()
	runtime.GC()
	runtime.GC()
	synctest.Test(t, func(t *testing.T) {
		s := live.Start(cfg)
		defer s.Stop()
		f(t, s)
	})
}

func TestAClientPublishesSubscribesAndAsks(t *testing.T) {
	inBubble(t, natsmodel.Config{}, func(t *testing.T, s *live.Server) {
		a, b := connect(t, s), connect(t, s, nats.NoEcho())
		defer a.Close()
		defer b.Close()
		all, _ := a.SubscribeSync("orders.>")
		one, _ := a.SubscribeSync("orders.*.eu")
		_ = a.Flush()
		m := nats.NewMsg("orders.new.eu")
		m.Header.Set("Trace", "7")
		m.Data = []byte("hello")
		_ = b.PublishMsg(m)
		for _, sub := range []*nats.Subscription{all, one} {
			got, err := sub.NextMsg(time.Second)
			if err != nil || string(got.Data) != "hello" || got.Header.Get("Trace") != "7" {
				t.Fatalf("%s: got %v, %v", sub.Subject, got, err)
			}
		}
		_, _ = a.Subscribe("ask", func(m *nats.Msg) { _ = m.Respond([]byte("answer")) })
		_ = a.Flush()
		if got, err := b.Request("ask", nil, time.Second); err != nil || string(got.Data) != "answer" {
			t.Fatalf("got %v, %v", got, err)
		}
		if _, err := b.Request("nobody", nil, time.Second); !errors.Is(err, nats.ErrNoResponders) {
			t.Fatalf("nobody answers: %v", err)
		}
		own, _ := b.SubscribeSync("echo")
		_ = b.Publish("echo", nil)
		if _, err := own.NextMsg(time.Second); !errors.Is(err, nats.ErrTimeout) {
			t.Fatalf("without echo a client gets its own: %v", err)
		}
	})
}

func TestAQueueGroupSharesMessages(t *testing.T) {
	inBubble(t, natsmodel.Config{Seed: 3}, func(t *testing.T, s *live.Server) {
		a := connect(t, s)
		defer a.Close()
		var got [3]int
		for i := range got {
			_, _ = a.QueueSubscribe("work", "group", func(*nats.Msg) { got[i]++ })
		}
		for range 300 {
			_ = a.Publish("work", nil)
		}
		_ = a.Flush()
		synctest.Wait()
		if got[0]+got[1]+got[2] != 300 || min(got[0], got[1], got[2]) < 60 {
			t.Errorf("300 messages were shared as %v", got)
		}
	})
}

func TestALimitedSubscriptionEnds(t *testing.T) {
	inBubble(t, natsmodel.Config{}, func(t *testing.T, s *live.Server) {
		a := connect(t, s)
		defer a.Close()
		n := 0
		sub, _ := a.Subscribe("some", func(*nats.Msg) { n++ })
		_ = sub.AutoUnsubscribe(2)
		for range 5 {
			_ = a.Publish("some", nil)
		}
		_ = a.Flush()
		synctest.Wait()
		if n != 2 {
			t.Errorf("it got %d messages of 2", n)
		}
	})
}

func TestAClientComesBackAfterACutAndARestart(t *testing.T) {
	inBubble(t, natsmodel.Config{}, func(t *testing.T, s *live.Server) {
		a := connect(t, s)
		defer a.Close()
		sub, _ := a.SubscribeSync("some")
		for i, breaks := range []func(){s.Cut, func() {
			s.Do(func(m *natsmodel.Server, now time.Time) { m.Restart(now) })
		}} {
			breaks()
			time.Sleep(10 * time.Second)
			_ = a.Publish("some", nil)
			if _, err := sub.NextMsg(time.Second); err != nil {
				t.Fatalf("after break %d: %v", i, err)
			}
		}
		if n := a.Stats().Reconnects; n != 2 {
			t.Errorf("%d reconnects, want 2", n)
		}
	})
}

func TestAFrozenServerAnswersOnceItIsThawed(t *testing.T) {
	inBubble(t, natsmodel.Config{}, func(t *testing.T, s *live.Server) {
		a := connect(t, s)
		defer a.Close()
		sub, _ := a.SubscribeSync("some")
		_ = a.Flush()
		s.Do((*natsmodel.Server).Freeze)
		_ = a.Publish("some", nil)
		if err := a.FlushTimeout(3 * time.Second); !errors.Is(err, nats.ErrTimeout) {
			t.Fatalf("a frozen server answers: %v", err)
		}
		s.Do((*natsmodel.Server).Thaw)
		if _, err := sub.NextMsg(time.Second); err != nil {
			t.Fatal(err)
		}
	})
}

func TestTooLargeAPayloadEndsTheConnection(t *testing.T) {
	inBubble(t, natsmodel.Config{MaxPayload: 100}, func(t *testing.T, s *live.Server) {
		a := connect(t, s)
		defer a.Close()
		if a.MaxPayload() != 100 {
			t.Errorf("max_payload is %d, want 100", a.MaxPayload())
		}
		raw, err := s.Dial("", "")
		if err != nil {
			t.Fatal(err)
		}
		var heard strings.Builder
		done := make(chan struct{})
		go func() {
			defer close(done)
			buffer := make([]byte, 1000)
			for {
				n, err := raw.Read(buffer)
				heard.Write(buffer[:n])
				if err != nil {
					return
				}
			}
		}()
		_, _ = raw.Write([]byte("CONNECT {}\r\nPUB a 101\r\n"))
		<-done
		if !strings.Contains(heard.String(), "-ERR 'Maximum Payload Violation'") {
			t.Errorf("the server said %q", heard.String())
		}
	})
}
