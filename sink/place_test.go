package sink

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/pipeline"
)

// reader takes answers without a network, and keeps what a subscription gets.
func reader() (*poller, *heard) {
	h := &heard{}
	return &poller{Subscription: Subscription{
		Received: func(i Item) { h.values = append(h.values, string(i.Value)) },
		Gap:      func(missing int) { h.gaps = append(h.gaps, missing) },
	}}, h
}

// message is an item of the answer to a long poll.
func message(sequence, page uint64, text string) string {
	return fmt.Sprintf(`{"item":{"topic_sequence_number":%d,"sequence_page":%d,"value":{"text":%q}}}`, sequence, page,
		text)
}

// broken is the note of a break in it.
func broken(last, next, page uint64) string {
	return fmt.Sprintf(
		`{"discontinuity":{"last_topic_sequence":%d,"new_topic_sequence":%d,"new_sequence_page":%d}}`, last, next, page)
}

// Sources: P is momentohq/client-protos proto/cachepubsub.proto at 6295b59, _SubscriptionRequest, _TopicItem and
// _Discontinuity; H is momentohq/public-dev-docs docs/topics/api-reference/http-api.md at 019c888d1, "Subscribe".
func TestSubscriberReadsBreaksAsDocumented(t *testing.T) {
	t.Parallel()
	const large = 1<<63 + 1
	for _, c := range []struct {
		name, source string
		answers      []string
		values       string
		gaps         []int
		next, page   uint64
	}{
		{
			"the last is not known", "P: last_topic_sequence is 0 then",
			[]string{items(message(5, 1, "a")), items(broken(0, 9, 1), message(9, 1, "b"))},
			"a b",
			[]int{0},
			10, 1,
		},
		{
			"a first note only says where the topic is", "P: new_sequence_page, \"if you didn't have one\"",
			[]string{items(broken(0, 7, 3)), items(message(7, 3, "a"))},
			"a", nil, 8, 3,
		},
		{
			"so does one before the latest message", "P: the same",
			[]string{items(broken(4, 6, 3), message(7, 3, "a"))},
			"a", nil, 8, 3,
		},
		{
			"the next number is named", "H: 104 after 100 misses 3",
			[]string{items(message(100, 1, "a")), items(broken(100, 104, 1), message(104, 1, "b"))},
			"a b",
			[]int{3},
			105, 1,
		},
		{
			"the number before is named", "P: \"after which TopicItems will ostensibly resume\"",
			[]string{items(message(100, 1, "a")), items(broken(100, 103, 1), message(104, 1, "b"))},
			"a b",
			[]int{3},
			105, 1,
		},
		{
			"the number before, and the next answer has what follows", "P: the same",
			[]string{items(message(100, 1, "a")), items(broken(100, 103, 1)), items(message(104, 1, "b"))},
			"a b",
			[]int{2},
			105, 1,
		},
		{
			"the number before is ours", "P: the same",
			[]string{items(message(5, 1, "a")), items(broken(5, 5, 1)), items(message(5, 1, "a"), message(6, 1, "b"))},
			"a b",
			[]int{0},
			7, 1,
		},
		{
			"a topic begins anew", "H: the sequence page changed",
			[]string{items(message(9, 1, "a")), items(broken(9, 1, 2), message(1, 2, "b"))},
			"a b",
			[]int{0},
			2, 2,
		},
		{
			"a topic begins anew without a word", "P: a new sequence_page is a reset",
			[]string{items(message(9, 1, "a")), items(message(1, 2, "b"))},
			"a b",
			[]int{0},
			2, 2,
		},
		{
			"a number is missing without a word", "P: the next message is topic_sequence_number + 1",
			[]string{items(message(9, 1, "a"), message(12, 1, "b"))},
			"a b",
			[]int{2},
			13, 1,
		},
		{
			"a page of 64 bits", "P: uint64 sequence_page",
			[]string{items(message(large, large, "a")), items(message(large, large, "a"), message(large+1, large, "b"))},
			"a b", nil, large + 2, large,
		},
		{
			"numbers as strings", "the JSON form of protocol buffers writes 64 bits so",
			[]string{strings.ReplaceAll(strings.ReplaceAll(items(message(5, 7, "a")), ":5", `:"5"`), ":7", `:"7"`)},
			"a",
			nil, 6, 7,
		},
		{
			"a first number of 0", "H: topic_sequence_number 0 in the example",
			[]string{items(message(0, 3, "a")), items(message(0, 3, "a"), message(1, 3, "b"))},
			"a b", nil, 2, 3,
		},
		{
			"nothing was retained", "P: 0 begins with the latest messages, so that all that comes is new",
			[]string{items(), items(message(1, 3, "a"), message(2, 3, "b"))},
			"a b", nil, 3, 3,
		},
		{
			"nothing was retained, and a topic begins", "P: the note is of the page",
			[]string{items(), items(broken(0, 1, 3), message(1, 3, "a"))},
			"a", nil, 2, 3,
		},
		{
			"nothing was retained, and the first messages are gone", "P: the same",
			[]string{items(), items(broken(0, 3, 3), message(3, 3, "a"))},
			"a",
			[]int{0},
			4, 3,
		},
		{
			"an item of neither kind", "P: a value is text or binary",
			[]string{items(message(5, 1, "a"), `{"item":{"topic_sequence_number":6,"sequence_page":1}}`,
				message(7, 1, "b"))},
			"a b",
			[]int{1},
			8, 1,
		},
		{
			"an empty text", "P: text may be empty",
			[]string{items(message(5, 1, ""), message(6, 1, "b"))},
			" b", nil, 7,
			1,
		},
		{
			"an item and a note in one", "P: kind is one of them",
			[]string{items(message(5, 1, "a")), items(strings.TrimSuffix(broken(5, 8, 1), "}") + "," +
				strings.TrimPrefix(message(8, 1, "b"), "{"))},
			"a b",
			[]int{2},
			9, 1,
		},
		{
			"items of an earlier page come late", "P: later pages are numbered greater",
			[]string{items(message(1, 9, "a")), items(message(7, 3, "old")), items(message(2, 9, "b"))},
			"a b", nil, 3, 9,
		},
		{
			"an earlier page stays", "P: the same; what insists is believed",
			[]string{
				items(message(1, 9, "a")), items(message(7, 3, "b")), items(message(7, 3, "b")),
				items(message(7, 3, "b")),
			},
			"a b",
			[]int{0},
			8, 3,
		},
		{
			"an earlier page with a note", "P: the same",
			[]string{items(message(1, 9, "a")), items(broken(0, 7, 3), message(7, 3, "b"))},
			"a b",
			[]int{0},
			8, 3,
		},
		{
			"a jump out of this world", "",
			[]string{items(message(1, 9, "a")), items(broken(1, 1<<64-1, 9))},
			"a",
			[]int{0},
			1<<64 - 1, 9,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, h := reader()
			for _, answer := range c.answers {
				_ = p.take([]byte(answer), time.Time{}) // That nothing came is no failure here.
			}
			if got := strings.Join(h.values, " "); got != c.values || !slices.Equal(h.gaps, c.gaps) ||
				p.place.next != c.next || p.place.page != c.page {
				t.Errorf("got %q, gaps %v, at %d of page %d; want %q, %v, %d of %d (%s)", got, h.gaps, p.place.next,
					p.place.page, c.values, c.gaps, c.next, c.page, c.source)
			}
		})
	}
}

func TestSubscriberGetsOverItemsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for name, odd := range map[string]string{
		"a number": "7", "null": "null", "nothing": "{}", "a list": "[[]]", "an item that is none": `{"item":7}`,
		"an empty item": `{"item":{}}`, "a negative number": `{"item":{"topic_sequence_number":-1}}`,
		"a fraction":       `{"item":{"topic_sequence_number":1.5,"sequence_page":1,"value":{"text":"x"}}}`,
		"beyond 64 bits":   `{"item":{"topic_sequence_number":18446744073709551616,"sequence_page":1}}`,
		"the last number":  `{"item":{"topic_sequence_number":18446744073709551615,"sequence_page":1,"value":{"text":"x"}}}`,
		"no number":        `{"item":{"sequence_page":1,"value":{"text":"x"}}}`,
		"no base64":        `{"item":{"topic_sequence_number":6,"sequence_page":1,"value":{"binary":"?"}}}`,
		"a note of no use": `{"discontinuity":"?"}`,
		"nested deeply":    strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
	} {
		p, h := reader()
		_ = p.take([]byte(items(message(5, 1, "a"), odd, message(6, 1, "b"))), time.Time{})
		if !slices.Equal(h.values, []string{"a", "b"}) || len(h.gaps) > 0 || p.place.next != 7 {
			t.Errorf("%s: got %q, gaps %v, at %d", name, h.values, h.gaps, p.place.next)
		}
	}
	for _, answer := range []string{"", "[]", "7", "{", `{"items":7}`, `{"items":{}}`, items("{}") + "x", "<html>"} {
		p, _ := reader()
		if err := p.take([]byte(answer), time.Time{}); err == nil || err == errNothing {
			t.Errorf("%q is taken for an answer: %v", answer, err)
		}
	}
}

// A topic that has nothing yet hides what comes between two polls from who asks for the latest message once more.
func TestSubscriberMissesNothingBeforeItHasAPlace(t *testing.T) {
	t.Parallel()
	server, err := emulator.New(emulator.Config{APIKey: "secret+key"})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(t.Context(), ln) }()
	m := newMomento(t, "http://"+ln.Addr().String(), nil)
	publisher := m.Publisher()
	defer publisher.Close()
	publish := func(text string) {
		if a := publisher.Publish(request("t", []byte(text))); a.Verdict != pipeline.Accept {
			t.Fatal(a)
		}
	}
	p := newPoller(m, Subscription{Cache: "my cache", Topic: "t"})
	defer p.client.CloseIdleConnections()
	h := &heard{}
	p.Received = func(i Item) { h.values = append(h.values, string(i.Value)) }
	p.Gap = func(missing int) { h.gaps = append(h.gaps, missing) }
	p.place.waited() // The first poll has ended without anything.
	publish("one")
	publish("two")
	for len(h.values) < 2 {
		if err := p.poll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(h.values, []string{"one", "two"}) || len(h.gaps) > 0 {
		t.Errorf("got %q, gaps %v", h.values, h.gaps)
	}
}

// An endpoint that answers at once and says nothing new, for ever, is not asked without end.
func TestSubscriberAsksLessOftenWhereNothingComes(t *testing.T) {
	t.Parallel()
	b := barren(emptyPause)
	var sum time.Duration
	for range 100 {
		sum += b.pause(time.Millisecond)
	}
	if last := b.pause(time.Millisecond); last != longestPause || sum < 90*longestPause {
		t.Errorf("100 such answers take %v, the next one %v", sum, last)
	}
	if pause := b.pause(time.Minute); pause != emptyPause {
		t.Errorf("after a poll that has waited: %v", pause)
	}
}

// The fuzzer may say what it likes in several answers: nothing is handed over twice, and the order is kept, between two
// breaks.
func FuzzSubscriberReads(f *testing.F) {
	f.Add(items(message(5, 1, "a"), message(6, 1, "b")) + "\n" + items(broken(6, 9, 1), message(9, 1, "c")))
	f.Add(items() + "\n" + items(message(1, 1<<63, "a"), message(3, 1<<63, "b"), message(1, 7, "c")))
	f.Add(`{"items":[{"item":{"topic_sequence_number":"5","value":{"binary":[1,2]},"publisher_id":"x"}},7,null]}`)
	f.Fuzz(func(t *testing.T, answers string) {
		var last Item
		p := &poller{Subscription: Subscription{Gap: func(missing int) {
			last = Item{}
			if missing < 0 {
				t.Errorf("%d are missing", missing)
			}
		}}}
		p.Received = func(i Item) {
			if last.Value != nil && (i.Page != last.Page || i.Sequence != last.Sequence+1) {
				t.Errorf("%d of page %d follows %d of page %d", i.Sequence, i.Page, last.Sequence, last.Page)
			}
			if last = i; i.Value == nil {
				t.Error("there is no value")
			}
		}
		for answer := range strings.SplitSeq(answers, "\n") {
			_ = p.take([]byte(answer), time.Time{})
			if p.note != nil {
				t.Error("a break was not told")
			}
		}
	})
}
