package pipeline_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// dropping is so many routes whose messages are dropped without room.
func dropping(n int) []pipeline.RouteConfig {
	routes := make([]pipeline.RouteConfig, n)
	for i := range routes {
		routes[i].Drops = true
	}
	return routes
}

// offered offers n messages to a route, and returns how many were taken.
func offered(r *pipeline.Route, n int) (taken int) {
	for i := range n {
		if r.Offer(message(fmt.Sprint("t", i%7), nil)) {
			taken++
		}
	}
	return taken
}

func TestBurstOnOneRouteUsesAllThatNobodyElseIsSureOf(t *testing.T) {
	t.Parallel()
	const places, routes = 8000, 10
	p := build(pipeline.Config{
		MaxMessages: 16, MaxBytes: places * pipeline.LeastCharge,
		Routes: dropping(routes),
	}, instant{})
	sure := places / 8 / routes
	if n, want := offered(p.Route(0), places), places-(routes-1)*sure; n != want {
		t.Errorf("%d of a burst are taken, want %d", n, want)
	}
	for i := 1; i < routes; i++ {
		if n := offered(p.Route(i), 2*sure); n != sure {
			t.Errorf("route %d has room for %d, want the %d that it is sure of", i, n, sure)
		}
	}
	checkLedger(t, p)
	if s := p.Stats(); s.Routes[1].Received != uint64(sure) || s.QueuedBytes != places {
		t.Errorf("%d are received, %d bytes are queued: what is not taken is in no count", s.Routes[1].Received,
			s.QueuedBytes)
	}
}

// Streams that lack places for messages, or ask for far more bytes than come, take no bytes away from a burst.
func TestBurstIsTakenWhileStreamsLackPlacesForMessages(t *testing.T) {
	t.Parallel()
	const places, streams = 50_000, 20
	routes := append(dropping(1), make([]pipeline.RouteConfig, streams)...)
	for i := 1; i <= streams; i++ {
		routes[i].Returnable = true
	}
	p := build(pipeline.Config{
		MaxMessages: 1000, MaxBytes: places * 2 * pipeline.LeastCharge, Routes: routes,
	}, instant{})
	for range 50 {
		for i := 1; i <= streams; i++ {
			n, _ := p.Route(i).Reserve()
			for range n {
				p.Route(i).Submit(message("t", make([]byte, 60)))
			}
		}
	}
	if s := p.Stats().Routes[streams]; s.Queued == 0 {
		t.Error("the streams have nothing")
	}
	if n := offered(p.Route(0), places); n != places {
		t.Errorf("%d of a burst of %d are taken, although half of the bytes are free", n, places)
	}
}

// While others want room, a route with more than its part gets no more, and so gives back what it has borrowed.
func TestBorrowedRoomComesBackWhenOthersWantIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const places = 1600
		p, stop := start(t, pipeline.Config{
			Workers: 1, MaxBytes: places * pipeline.LeastCharge,
			Limits: pipeline.Limits{Region: pipeline.Rate{Ceiling: 100}}, Routes: dropping(2),
		}, fakeSink(func(*pipeline.Request) pipeline.Answer { return accept() }))
		greedy, late := p.Route(0), p.Route(1)
		offered(greedy, places)
		held := func(i int) int { s := p.Stats().Routes[i]; return s.Queued + s.InFlight }
		for range 120 { // Both want as much as they can get.
			offered(greedy, 50)
			offered(late, 50)
			time.Sleep(100 * time.Millisecond)
		}
		if a, b := held(0), held(1); a < places*4/10 || b < places*4/10 || a+b > places {
			t.Errorf("they hold %d and %d of %d, want about as much each", a, b, places)
		}
		stop()
	})
}

// A request for messages leaves others what they are sure of, and grows only with what comes.
func TestIdleStreamsLeaveTheMemoryToOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const messages, routes = 16_000, 200
		cfg := pipeline.Config{MaxMessages: messages, MaxBytes: 64 << 20, Routes: make([]pipeline.RouteConfig, routes)}
		for i := range cfg.Routes {
			cfg.Routes[i].Returnable = true
		}
		p := build(cfg, instant{})
		idle := 0
		for i := 1; i < routes; i++ {
			n, bytes := p.Route(i).Reserve()
			if n < 1 || bytes < 1 {
				t.Fatalf("route %d gets %d messages, %d bytes", i, n, bytes)
			}
			idle += n
		}
		if idle > messages/8 {
			t.Errorf("idle routes set %d of %d aside", idle, messages)
		}
		hot, most := p.Route(0), 0
		for range 20 {
			n, _ := hot.Reserve()
			for range n {
				hot.Submit(message("t", nil))
			}
			if n > 0 {
				most = max(most, n)
			}
		}
		s := p.Stats().Routes[0]
		if held := s.Queued + s.InFlight; held < messages*8/10 || held > messages {
			t.Errorf("the hot route holds %d of %d", held, messages)
		}
		if most < messages/8 {
			t.Errorf("it has asked for %d at a time at the most", most)
		}
	})
}

// The bytes of a request are set aside as well, so that many routes do not ask for more than there is, all together.
func TestRequestsSetBytesAside(t *testing.T) {
	t.Parallel()
	const total, routes = 1 << 20, 8
	p := build(pipeline.Config{
		MaxMessages: 1 << 20, MaxBytes: total,
		Routes: make([]pipeline.RouteConfig, routes),
	}, instant{})
	var sum int64
	for range 50 {
		for i := range routes {
			_, bytes := p.Route(i).Reserve()
			sum += bytes
		}
	}
	if sum < total/16 || sum > total {
		t.Errorf("requests for %d bytes are open, of %d", sum, total)
	}
}

func TestSourceThatWasRefusedRoomIsWokenWhenAnotherRouteGivesItBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		routes := []pipeline.RouteConfig{{Returnable: true}, {Returnable: true}}
		p := build(pipeline.Config{MaxMessages: 160, Routes: routes}, &script{began: time.Now()})
		full, other := p.Route(0), p.Route(1)
		for n := 1; n > 0; {
			n, _ = full.Reserve()
			for range n {
				full.Submit(message("t", nil))
			}
		}
		n := 1
		for n > 0 {
			n, _ = other.Reserve()
			for range n {
				other.Submit(message("t", nil))
			}
		}
		select {
		case <-other.Wake():
			t.Fatal("it is woken while there is no room")
		default:
		}
		full.Abandon()
		<-other.Wake()
		if n, _ = other.Reserve(); n == 0 {
			t.Error("it was woken for nothing")
		}
	})
}
