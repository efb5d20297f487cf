package source

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
	"momento-bridge/source/template"
)

// topicsOf collects what is published.
type topicsOf struct {
	mu  sync.Mutex
	got map[string]string // Payloads by topic.
}

func (c *topicsOf) accept(r *pipeline.Request) pipeline.Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got[r.Topic] += string(r.Payload)
	return accepted(r)
}

func (c *topicsOf) all() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.got)
}

func TestRouteConsumesSeveralSubjects(t *testing.T) {
	t.Parallel()
	for _, core := range []bool{true, false} {
		t.Run(map[bool]string{true: "core", false: "stream"}[core], func(t *testing.T) {
			t.Parallel()
			conn := startNATS(t)
			topics, err := template.Compile([]string{"a.>", "b.*.z"}, "t-{{wildcard(1)}}")
			if err != nil {
				t.Fatal(err)
			}
			filters := []string{"a.>", "b.*.z"}
			var src runner
			ready := func() bool { return true }
			if core {
				c := NewCore(conn, CoreConfig{
					Route: "r", Subjects: filters, Queue: "q", Template: topics,
					MaxBytes: 1 << 20,
				}, quiet())
				src, ready = c, func() bool { ok, _ := c.Ready(); return ok }
			} else {
				js := jetStream(t, conn)
				if _, err := js.CreateStream(t.Context(),
					jetstream.StreamConfig{Name: "S", Subjects: []string{"a.>", "b.>", "c"}}); err != nil {
					t.Fatal(err)
				}
				s, err := NewJetStream(conn, NewAcks(conn), JetStreamConfig{
					Route: "r", Stream: "S", Subjects: filters, Consumer: "C", Create: true, Template: topics,
					Circumstances: usual(math.Inf(1)),
				}, quiet())
				if err != nil {
					t.Fatal(err)
				}
				src = s
			}
			sink := topicsOf{got: map[string]string{}}
			st := startStage(t, src, pipeline.RouteConfig{Returnable: !core, Drops: core}, 100, sink.accept)
			eventually(t, "ready", ready)
			for i, subject := range []string{"a.x.y", "c", "b.w.z", "b.w.other", "a.1"} {
				if err := conn.Publish(subject, fmt.Append(nil, i)); err != nil {
					t.Fatal(err)
				}
			}
			want := map[string]string{"t-x.y": "0", "t-w": "2", "t-1": "4"}
			eventually(t, "published", func() bool { return maps.Equal(sink.all(), want) })
			if stats := st.stop(); stats.Received != 3 {
				t.Errorf("%d received, want 3", stats.Received)
			}
			if core {
				return
			}
			for _, other := range [][]string{{"a.>"}, {"a.>", "b.>"}} { // It is compared, in any order.
				other, err := NewJetStream(conn, NewAcks(conn), JetStreamConfig{
					Route: "r", Stream: "S", Subjects: other, Consumer: "C", Template: topics,
					Circumstances: usual(math.Inf(1)),
				}, quiet())
				if err != nil {
					t.Fatal(err)
				}
				if err := inspected(t.Context(), other); err == nil || !strings.Contains(err.Error(),
					"make them the same, for example with `nats consumer edit S C --filter '") {
					t.Errorf("another filter: %v", err)
				}
			}
			slices.Reverse(filters)
			if err := inspected(t.Context(), src.(*JetStream)); err != nil {
				t.Errorf("the same filters in another order: %v", err)
			}
		})
	}
}

func TestCreatedConsumerStartsWhereItIsToldTo(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	stream := newStream(t, conn, 3)
	second, err := stream.GetMsg(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		change func(*JetStreamConfig)
		want   string
	}{
		"all":      {func(*JetStreamConfig) {}, "012"},
		"time":     {func(c *JetStreamConfig) { c.DeliverFrom = second.Time }, "12"},
		"sequence": {func(c *JetStreamConfig) { c.DeliverSequence = 3 }, "2"},
		"future":   {func(c *JetStreamConfig) { c.DeliverFrom = time.Now().Add(time.Hour) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := JetStreamConfig{
				Route: "r", Stream: "S", Subject: "a.>", Consumer: name, Create: true, Template: subjectTemplate(t,
					"a.>"), Circumstances: usual(math.Inf(1)),
			}
			tt.change(&cfg)
			src, err := NewJetStream(conn, NewAcks(conn), cfg, quiet())
			if err != nil {
				t.Fatal(err)
			}
			sink := topicsOf{got: map[string]string{}}
			st := startStage(t, src, pipeline.RouteConfig{Returnable: true, Ordered: true}, 100, sink.accept)
			eventually(t, "consuming", func() bool { ok, _ := src.Ready(); return ok })
			eventually(t, "published", func() bool {
				undelivered, _ := src.Pending()
				return undelivered == 0 && sink.all()["a.b"] == tt.want
			})
			st.stop()
		})
	}
}
