package source

import (
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
	"momento-bridge/source/template"
)

// letterBox is the dead letters of a test.
type letterBox struct {
	mu   sync.Mutex
	kept []string // Payload, reason and detail.
}

func (b *letterBox) Keep(m *pipeline.Message, r pipeline.Rejection) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = append(b.kept, string(m.Payload)+" "+r.Reason+": "+r.Detail)
	return nil
}

func (b *letterBox) all() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.kept)
}

func TestHeadersOfMessagesMakeTopics(t *testing.T) {
	t.Parallel()
	for _, core := range []bool{true, false} {
		t.Run(map[bool]string{true: "core", false: "stream"}[core], func(t *testing.T) {
			t.Parallel()
			conn := startNATS(t)
			topics, err := template.Compile([]string{"a.*"}, "{{header(Region)}}-{{wildcard(1)}}{{header(Kind,)}}")
			if err != nil {
				t.Fatal(err)
			}
			var src runner
			ready := func() bool { return true }
			if core {
				c := NewCore(conn, CoreConfig{
					Route: "r", Subject: "a.*", Queue: "q", Template: topics, MaxBytes: 1 << 20,
				}, quiet())
				src, ready = c, func() bool { ok, _ := c.Ready(); return ok }
			} else {
				if _, err := jetStream(t, conn).CreateStream(t.Context(),
					jetstream.StreamConfig{Name: "S", Subjects: []string{"a.*"}}); err != nil {
					t.Fatal(err)
				}
				s, err := NewJetStream(conn, NewAcks(conn), JetStreamConfig{
					Route: "r", Stream: "S", Subject: "a.*", Consumer: "C", Create: true, Template: topics,
					Ordered: true, Circumstances: usual(math.Inf(1)),
				}, quiet())
				if err != nil {
					t.Fatal(err)
				}
				src = s
			}
			sink, letters := topicsOf{got: map[string]string{}}, letterBox{}
			st := startStage(t, src, pipeline.RouteConfig{
				Returnable: !core, Drops: core, Ordered: true, DeadLetters: &letters,
			}, 100, sink.accept)
			eventually(t, "ready", ready)
			for payload, header := range map[string]nats.Header{
				"1": {"Region": {"e u/1", "us"}},
				"2": {"region": {"eu"}},
				"3": {"Region": {"eu"}, "Kind": {"-x"}},
				"4": nil,
				"5": {"Region": {""}},
			} {
				m := &nats.Msg{Subject: "a.b", Header: header, Data: []byte(payload)}
				if err := conn.PublishMsg(m); err != nil {
					t.Fatal(err)
				}
			}
			want := map[string]string{"e u/1-b": "1", "eu-b-x": "3"}
			eventually(t, "all ended", func() bool { return maps.Equal(sink.all(), want) && len(letters.all()) == 3 })
			if stats := st.stop(); stats.Settled[pipeline.DeadLettered] != 3 {
				t.Errorf("%d became dead letters, want 3", stats.Settled[pipeline.DeadLettered])
			}
			for _, letter := range letters.all() {
				if !strings.Contains(letter, "unfit: the header Region is missing or empty") {
					t.Errorf("a dead letter says %q", letter)
				}
			}
		})
	}
}
