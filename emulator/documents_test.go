package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Sources, with the commits that were read:
//
//	P  momentohq/client-protos at 6295b59, proto/cachepubsub.proto
//	H  momentohq/public-dev-docs at 019c888d1, docs/topics/api-reference/http-api.md
//	L  the same, docs/topics/limits.mdx
//	R  the same, docs/objectstore/enhancements/live-reactions.md
//	Y  momentohq/client-sdk-python at 26b4bd6, tests/momento/topic_client/test_topics.py
//	J  momentohq/client-sdk-javascript at 30fa5d26, packages/common-integration-tests/src/auth/auth-client.ts

// publish has texts accepted on a topic.
func publish(t *testing.T, addr string, texts ...string) {
	t.Helper()
	for _, value := range texts {
		if status, _, answer := send(t, addr, "POST /topics/c/t\n"+value, key, text); status != http.StatusNoContent {
			t.Fatalf("publish %q: %d %s", value, status, answer)
		}
	}
}

// entry is one of the items of an answer, in short: 3:text, or ~last>next.
type entry struct {
	Item *struct {
		Sequence  uint64            `json:"topic_sequence_number"`
		Page      uint64            `json:"sequence_page"`
		Value     map[string]string `json:"value"`
		Publisher *string           `json:"publisher_id"`
	} `json:"item"`
	Discontinuity *struct {
		Last uint64 `json:"last_topic_sequence"`
		Next uint64 `json:"new_topic_sequence"`
		Page uint64 `json:"new_sequence_page"`
	} `json:"discontinuity"`
}

func (e *entry) String() string {
	if d := e.Discontinuity; d != nil {
		return fmt.Sprintf("~%d>%d@%d", d.Last, d.Next, d.Page)
	}
	return fmt.Sprintf("%d@%d:%s", e.Item.Sequence, e.Item.Page, e.Item.Value["text"]+e.Item.Value["binary"])
}

// get makes one long poll, and returns what its answer holds, in short.
func get(t *testing.T, addr, query string) string {
	t.Helper()
	status, _, body := send(t, addr, "GET /topics/c/t?"+query+"\n", key)
	return short(t, status, body)
}

func short(t *testing.T, status int, body string) string {
	t.Helper()
	var answer struct{ Items []*entry }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK || answer.Items == nil {
		return fmt.Sprintf("%d %s", status, body)
	}
	words := make([]string, len(answer.Items))
	for i, e := range answer.Items {
		words[i] = e.String()
	}
	return strings.Join(words, " ")
}

// later makes a long poll that waits, and returns once it does.
func later(t *testing.T, s *Server, addr, query string) (answer func() string) {
	t.Helper()
	s.mu.Lock()
	before := s.polls
	s.mu.Unlock()
	done := make(chan string, 1)
	go func() { done <- get(t, addr, query) }()
	for waiting := false; !waiting; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		waiting = s.polls > before && s.topics[topicName{"c", "t"}] != nil &&
			s.topics[topicName{"c", "t"}].arrived != nil
		s.mu.Unlock()
	}
	return func() string { return <-done }
}

func TestSubscribersGetWhatIsThereAsDocumented(t *testing.T) {
	t.Parallel()
	const at = 1748358253 // H: the page of the example.
	for _, c := range []struct {
		name, source string
		documented   Documented
		published    string
		query        string
		want         string
	}{
		{
			"no number begins with the latest message", "Y subscribe_happy_path_string; P: \"the latest messages\"",
			Documented{},
			"a b", "", "2@1748358253:b",
		},
		{"so does 0", "H: \"Use 0 on the first request\"", Documented{}, "a b", "sequence_number=0", "2@1748358253:b"},
		{
			"a page alone begins there, too", "P: the page clarifies a number",
			Documented{},
			"a b",
			"sequence_page=1748358253", "2@1748358253:b",
		},
		{
			"a number resumes there", "Y subscribe_happy_path_string_resume_at_sequence",
			Documented{},
			"foo v bar",
			"sequence_number=2", "2@1748358253:v 3@1748358253:bar",
		},
		{
			"1 begins with some messages before the newest", "P: \"if provided at 1\"",
			Documented{},
			"a b",
			"sequence_number=1&sequence_page=0", "1@1748358253:a 2@1748358253:b",
		},
		{
			"a number and a page that never were", "Y subscribe_happy_path_string_resume_at_invalid_sequence",
			Documented{},
			"v", "sequence_number=300&sequence_page=5435435", "~0>1@1748358253 1@1748358253:v",
		},
		{
			"a number that never was", "P: \"you may get a discontinuity if some (or all)\" are gone",
			Documented{},
			"a b", "sequence_number=300", "~0>2@1748358253 2@1748358253:b",
		},
		{
			"an earlier page", "H: the sequence page changed",
			Documented{},
			"a", "sequence_number=1&sequence_page=7",
			"~0>1@1748358253 1@1748358253:a",
		},
		{
			"another page without a number", "P: new_sequence_page tells a new one",
			Documented{},
			"a",
			"sequence_page=18446744073709551615", "~0>1@1748358253 1@1748358253:a",
		},
		{
			"another page where nothing is", "H: the poll ends with a discontinuity notice, too",
			Documented{},
			"",
			"sequence_number=9&sequence_page=7", "~0>1@1748358253",
		},
		{
			"the number before is named where that is set", "P: \"after which TopicItems will ostensibly resume\"",
			Documented{NewSequence: Before},
			"a b", "sequence_number=1&sequence_page=7",
			"~0>1@1748358253 2@1748358253:b",
		},
		{
			"only what comes, where that is set", "R: polls without a position, one after the other",
			Documented{FromZero: Now},
			"a", "sequence_page=7", "~0>2@1748358253",
		},
		{
			"a page of 64 bits", "P: uint64 sequence_page",
			Documented{Page: 1<<64 - 1},
			"a",
			"sequence_number=1&sequence_page=18446744073709551615", "1@18446744073709551615:a",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.documented.Page = max(c.documented.Page, at)
			_, addr := start(t, Config{Settings: Settings{Documented: c.documented}})
			publish(t, addr, strings.Fields(c.published)...)
			if got := get(t, addr, c.query); got != c.want {
				t.Errorf("%q after %q: %s, want %s (%s)", c.query, c.published, got, c.want, c.source)
			}
		})
	}
}

func TestSubscribersWaitForWhatIsNotThere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, source string
		documented   Documented
		published    string
		query        string
		then, want   string
	}{
		{
			"a topic that has nothing", "Y subscribe_happy_path_binary",
			Documented{},
			"", "sequence_number=0&sequence_page=0",
			"a", "1@1:a",
		},
		{
			"the next number", "H: lastReceived + 1",
			Documented{},
			"a b", "sequence_number=3&sequence_page=1", "c",
			"3@1:c",
		},
		{
			"the first of a topic that has nothing", "P: \"if provided at 1\"",
			Documented{},
			"", "sequence_number=1", "a",
			"1@1:a",
		},
		{"what comes from now on, where that is set", "R", Documented{FromZero: Now}, "a", "", "b", "2@1:b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, addr := start(t, Config{Settings: Settings{Documented: c.documented}})
			publish(t, addr, strings.Fields(c.published)...)
			answer := later(t, s, addr, c.query)
			publish(t, addr, c.then)
			if got := answer(); got != c.want {
				t.Errorf("got %s, want %s (%s)", got, c.want, c.source)
			}
		})
	}
}

// H, "About sequence_page": a topic can be taken from memory, and then its numbers begin anew.
func TestTopicsBeginAnewOnAnotherPage(t *testing.T) {
	t.Parallel()
	s, addr := start(t, Config{})
	publish(t, addr, "a", "b")
	answer := later(t, s, addr, "sequence_number=3&sequence_page=1")
	const page = "9223372036854775809"
	if status, _, said := send(t, addr, "PUT /_emulator/settings\n"+`{"page":`+page+`}`); status != 200 ||
		!strings.Contains(said, `"page":`+page) {
		t.Fatal(status, said)
	}
	if got, want := answer(), "~0>1@"+page; got != want {
		t.Errorf("who waits gets %s, want %s", got, want)
	}
	publish(t, addr, "c")
	if got, want := get(t, addr, "sequence_number=3&sequence_page=1"), "~0>1@"+page+" 1@"+page+":c"; got != want {
		t.Errorf("then: %s, want %s", got, want)
	}
	if stats := s.Stats(); stats.Topics[0].Accepted != 3 {
		t.Errorf("what was accepted before is forgotten: %+v", stats.Topics)
	}
}

// P: a discontinuity says that messages were missed. H: last_topic_sequence is the number before the one asked for.
func TestSubscribersAreToldOfWhatIsGone(t *testing.T) {
	t.Parallel()
	s, addr := start(t, Config{})
	publish(t, addr, "a", "b")
	for range keptItems {
		s.accept(topicName{"c", "t"}, &http.Request{Header: http.Header{}}, []byte("x"), "")
	}
	if got := get(t, addr, "sequence_number=2&sequence_page=1"); !strings.HasPrefix(got, "~1>3@1 3@1:x 4@1:x ") {
		t.Errorf("got %.60s", got)
	}
}

// H: "blocks until at least one message (or discontinuity notice) is available", and names no time-out.
func TestLongPollsEndOnlyWhereThatIsSet(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[time.Duration]time.Duration{0: 24 * time.Hour, 30 * time.Second: 30 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s, err := New(Config{Settings: Settings{Documented: Documented{PollTimeout: timeout}}})
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			status, body := direct(t, s, "/topics/c/t?sequence_number=0", 24*time.Hour)
			if took := time.Since(began); took != want {
				t.Errorf("ended after %v, want %v", took, want)
			}
			if timeout > 0 && (status != http.StatusOK || body != `{"items":[]}`) {
				t.Errorf("%d %s", status, body)
			}
		})
	}
}

// L: 100 concurrent subscriptions; H: 429 where account limits are exceeded.
func TestNoMoreSubscribersThanDocumented(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Config{RetryAfter: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		more := func(n int) {
			for range n {
				go direct(t, s, "/topics/c/t", time.Hour)
			}
			synctest.Wait()
		}
		more(100)
		if status, body := direct(t, s, "/topics/c/other", time.Hour); status != http.StatusTooManyRequests ||
			!strings.Contains(body, "subscribers") {
			t.Errorf("the 101st: %d %s", status, body)
		}
		settings := s.settings
		settings.Subscriptions = -1
		if err := s.Set(settings); err != nil {
			t.Fatal(err)
		}
		more(200)
		if n := s.Stats().Subscribers; n != 300 {
			t.Errorf("%d without a limit, want 300", n)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if n := s.Stats().Subscribers; n != 0 {
			t.Errorf("%d are under way when all have ended", n)
		}
	})
}

// J: what is published with a disposable token that has an id arrives with it. P: publisher_id.
func TestItemsSayWhoPublishedThem(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{APIKey: "k", Tokens: map[string]string{"a-token": "myTokenID"}})
	for token, want := range map[string]string{"a-token": `"publisher_id":"myTokenID"`, "k": ""} {
		send(t, addr, "POST /topics/c/t\nx", "Authorization: "+token, text)
		_, _, body := send(t, addr, "GET /topics/c/t\n", key)
		if !strings.Contains(body, want) || want == "" && strings.Contains(body, "publisher_id") {
			t.Errorf("with %s: %s", token, body)
		}
	}
	if status, _, _ := send(t, addr, "POST /topics/c/t\nx", "Authorization: other", text); status != 401 {
		t.Errorf("another token: %d", status)
	}
}

// H: text/plain is text and application/octet-stream is binary. R publishes application/json and reads value.text; H's
// own curl sends a form.
func TestWhatIsNotBytesArrivesAsText(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	for contentType, kind := range map[string]string{
		"text/plain": "text", "text/plain; charset=utf-8": "text", "application/json": "text",
		"application/x-www-form-urlencoded": "text", "application/octet-streams": "text",
		"application/octet-stream": "binary", "Application/Octet-Stream ; x=y": "binary",
	} {
		send(t, addr, "POST /topics/c/t\nabcd", key, "Content-Type: "+contentType)
		want := map[string]string{"text": `{"text":"abcd"}`, "binary": `{"binary":"YWJjZA=="}`}[kind]
		if _, _, body := send(t, addr, "GET /topics/c/t\n", key); !strings.Contains(body, want) {
			t.Errorf("%s: %s, want %s", contentType, body, want)
		}
	}
}

// No document says that a parameter of another name is refused, or a scheme word.
func TestWhatIsNotDocumentedIsRefusedOnlyWhereThatIsSet(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		_, addr := start(t, Config{APIKey: "k", Settings: Settings{Documented: Documented{Strict: strict}}})
		for request, refusal := range map[[2]string]int{
			{"POST /topics/c/t?ttl=1\nx", key}:                              400,
			{"POST /topics/c/t\nx", "Authorization: Bearer k"}:              401,
			{"POST /topics/c/t\nx", "authorization: bearer k"}:              401,
			{"GET /topics/c/t?wait=1&sequence_number=1\n", key}:             400,
			{"POST /topics/c/t\nx", "Authorization: Bearer z"}:              0,
			{"POST /topics/c/t?token=k&sequence_number=1\nx", "X-Other: 1"}: -1,
		} {
			publish(t, addr, "one")
			status, _, body := send(t, addr, request[0], request[1], text)
			if ok := status < 300; refusal == 0 && ok || refusal != 0 && ok == (strict && refusal > 0) ||
				strict && refusal > 0 && status != refusal {
				t.Errorf("strict %v: %q: %d %s", strict, request, status, body)
			}
		}
	}
}

// A page whose key is missing sends the word alone.
func TestASchemeWordAloneIsNoToken(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	status, _, body := send(t, addr, "POST /topics/c/t\nx", "Authorization: Bearer ", text)
	if status != http.StatusUnauthorized || !strings.Contains(body, "no token") {
		t.Errorf("%d %s", status, body)
	}
}

// L: each message delivered is an operation more, in chunks of 1 KB.
func TestDeliveriesAreOperationsOfTheQuota(t *testing.T) {
	t.Parallel()
	for _, kind := range Limiters {
		synctest.Test(t, func(t *testing.T) {
			s, err := New(Config{Settings: Settings{
				Rate: 8, Burst: 8, Limiter: kind, Shards: 1, Unit: "operations",
			}})
			if err != nil {
				t.Fatal(err)
			}
			accept := func(size int) int {
				return directly(t, s, http.MethodPost, "/topics/c/t", strings.Repeat("x", size), time.Hour).Code
			}
			if status := accept(2048); status != http.StatusNoContent {
				t.Fatal(status)
			}
			for range 3 { // 2 published, and 6 delivered.
				direct(t, s, "/topics/c/t?sequence_number=0", time.Hour)
			}
			if status := accept(1); status != http.StatusTooManyRequests {
				t.Errorf("%s: %d with the quota used up by deliveries", kind, status)
			}
			if n := s.Stats().Operations; n != 8 {
				t.Errorf("%s: %d operations, want 8", kind, n)
			}
			time.Sleep(3 * time.Second)
			if status := accept(1); status != http.StatusNoContent {
				t.Errorf("%s: %d later", kind, status)
			}
		})
	}
}
