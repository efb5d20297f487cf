package source

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
)

// recently are the sequences and sizes that Recent returns.
func recently(t *testing.T, look Look, prepare func(js jetstream.JetStream)) (said []string) {
	t.Helper()
	conn := startNATS(t)
	js, err := NewAPI(conn)
	if err != nil {
		t.Fatal(err)
	}
	prepare(js)
	samples, err := Recent(t.Context(), conn, NewAcks(conn), look)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range samples {
		said = append(said, fmt.Sprintf("%d %s %d/%d", s.Sequence, s.Subject, len(s.Payload), s.Size))
	}
	return said
}

func TestRecentMessagesAreTheNewestThatMatch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what string
		look Look
		want []string
	}{
		{
			"two of one subject",
			Look{Messages: 2, Payload: 100, Filters: []string{"a.*"}},
			[]string{"37 a.1 37/37", "39 a.1 39/39"},
		},
		{
			"several filters",
			Look{Messages: 3, Payload: 100, Filters: []string{"a.1", "b.>"}},
			[]string{"38 b.2 38/38", "39 a.1 39/39", "40 b.2 40/40"},
		},
		{"none", Look{Messages: 2, Payload: 100, Filters: []string{"c.*"}}, nil},
		{
			"larger ones without their bytes",
			Look{Messages: 2, Payload: 39},
			[]string{"39 a.1 39/39", "40 b.2 0/40"},
		},
		{
			"no more than so many are looked at", Look{Messages: 4, Payload: 100, Filters: []string{"first"}}, nil,
		},
	} {
		test.look.Stream = "S"
		got := recently(t, test.look, func(js jetstream.JetStream) {
			fillRecent(t, js)
		})
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.what, got, test.want)
		}
	}
}

// fillRecent makes a stream of 40 messages, each as long as its sequence, without those from 41 on, and with the first
// of a subject of its own.
func fillRecent(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	s, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"a.*", "b.*", "first"}})
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 45; n++ {
		subject := []string{"b.2", "a.1"}[n%2]
		if n == 1 {
			subject = "first"
		}
		if _, err := js.Publish(t.Context(), subject, make([]byte, n)); err != nil {
			t.Fatal(err)
		}
	}
	for n := uint64(41); n <= 45; n++ {
		if err := s.DeleteMsg(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRecentMessagesOfAnEmptyStreamAreNone(t *testing.T) {
	t.Parallel()
	for what, purged := range map[string]bool{"new": false, "purged": true} {
		got := recently(t, Look{Stream: "S", Messages: 10, Payload: 100}, func(js jetstream.JetStream) {
			s, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"a"}})
			if err != nil {
				t.Fatal(err)
			}
			if !purged {
				return
			}
			if _, err := js.Publish(t.Context(), "a", nil); err != nil {
				t.Fatal(err)
			}
			if err := s.Purge(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
		if len(got) != 0 {
			t.Errorf("%s: %q", what, got)
		}
	}
}

func TestRecentMessagesTakeNoLongerThanTheyMay(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	newStream(t, conn, 100)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if samples, err := Recent(ctx, conn, NewAcks(conn), Look{Stream: "S", Messages: 10}); len(samples) != 0 {
		t.Errorf("%d messages, %v", len(samples), err)
	}
}
