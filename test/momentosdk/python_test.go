package momentosdk

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"momento-bridge/emulator"
)

// What the live tests of Momento's SDK for Python expect of the service, as a transcript: momentohq/client-sdk-python
// 26b4bd6, tests/momento/topic_client, test_topics.py and test_topics_async.py, which run against Momento itself. They
// speak gRPC, and read the first item of a subscription: a discontinuity before it they do not see.

// step publishes a message, if it has one.
type step struct{ contentType, body string }

func TestEmulatorDoesWhatThePythonSDKsTestsExpect(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, emulator.Config{APIKey: "the-key", Caches: []string{"c"}})
	tests := map[string]struct {
		publish        []step
		sequence, page uint64
		want           step
	}{
		"subscribe to what was published": {
			publish: []step{{text, "value"}},
			want:    step{text, "value"},
		},
		"resume at a sequence": {
			publish:  []step{{text, "foo"}, {text, "value"}, {text, "bar"}},
			sequence: 2,
			want:     step{text, "value"},
		},
		"resume at a sequence of a page that never were": {
			publish:  []step{{text, "value"}},
			sequence: 300, page: 5435435,
			want: step{text, "value"},
		},
	}
	for name, test := range tests {
		for _, p := range test.publish {
			if err := e.publish(t.Context(), "c", name, p.contentType, p.body); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := e.first(t.Context(), name, test.sequence, test.page); err != nil || got != test.want {
			t.Errorf("%s: the first item is %q, %v, want %q", name, got, err, test.want)
		}
	}
}

// first is the first item of a subscription.
func (e *endpoint) first(ctx context.Context, topic string, sequence, page uint64) (step, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		items, err := e.poll(ctx, "c", topic, sequence, page)
		if err != nil {
			return step{}, err
		}
		for _, p := range items {
			switch {
			case p.Item == nil:
			case p.Item.Value.Binary != nil:
				return step{octets, string(*p.Item.Value.Binary)}, nil
			case p.Item.Value.Text != nil:
				return step{text, *p.Item.Value.Text}, nil
			}
		}
		sequence, page = after(items, sequence, page)
	}
}

func TestEmulatorKeepsSubscriptionsToTopicsThatDoNotExistYet(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, emulator.Config{APIKey: "the-key", Caches: []string{"c"}})
	type answer struct {
		got step
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		got, err := e.first(t.Context(), "t", 0, 0)
		answers <- answer{got, err}
	}()
	// Whether the subscription or the publish comes first, the binary value is what it begins with.
	if err := e.publish(t.Context(), "c", "t", octets, "\x00\xff"); err != nil {
		t.Fatal(err)
	}
	if a := <-answers; a.err != nil || a.got != (step{octets, "\x00\xff"}) {
		t.Errorf("the first item is %+v, want the bytes that were published", a)
	}
}

func TestEmulatorHasNoTopicWithoutACache(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, emulator.Config{APIKey: "the-key", Caches: []string{"c"}})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, test := range []struct {
		cache, topic string
		status       int // 404 is the service's NOT_FOUND, 400 its INVALID_ARGUMENT.
	}{
		{"another", "t", http.StatusNotFound},
		{"", "t", http.StatusBadRequest},
		{"c", "", http.StatusBadRequest},
	} {
		_, polled := e.poll(ctx, test.cache, test.topic, 0, 0)
		published := e.publish(ctx, test.cache, test.topic, text, "value")
		for what, err := range map[string]error{"subscribe": polled, "publish": published} {
			r, ok := errors.AsType[*refusal](err)
			if !ok || r.status != test.status {
				t.Errorf("%s to %q of %q: %v, want %d", what, test.topic, test.cache, err, test.status)
			}
		}
	}
}

func TestEmulatorLetsASubscriberWaitAsLongAsItLikes(t *testing.T) {
	t.Parallel()
	e := startEmulator(t, emulator.Config{APIKey: "the-key", Caches: []string{"c"}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	// With a time limit of a millisecond the subscription ends in time, and with no other error.
	if _, err := e.poll(ctx, "c", "t", 0, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a subscription of a millisecond ends with %v", err)
	}
}
