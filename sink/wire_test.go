package sink

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"momento-bridge/pipeline"
	"momento-bridge/sink/key"
)

// FuzzRequestsReadBackAsTheyWereMeant writes several requests back to back, with two keys in turn, and reads them with
// net/http.
func FuzzRequestsReadBackAsTheyWereMeant(f *testing.F) {
	f.Add("my cache", "a.b", []byte("payload"), "secret+key", "another", false, false)
	f.Add("c", "../a//b?c#d%2F ", []byte("POST / HTTP/1.1\r\n\r\n"), "k", "k", true, false)
	f.Add(".", "..", []byte{}, "a&b=c#d", "%41", false, true)
	f.Add("", "\r\n\x00\xff", []byte("\r\n"), "~!@$^*()", "k", true, true)
	f.Fuzz(func(t *testing.T, cache, topic string, payload []byte, first, second string, text, queryAuth bool) {
		var keys []*key.Key
		for _, raw := range []string{first, second} {
			k, err := key.Parse(raw)
			if err != nil {
				return
			}
			keys = append(keys, &k)
		}
		e, err := ParseEndpoint("http://[::1]:8080")
		if err != nil {
			t.Fatal(err)
		}
		w := wire{cfg: &Config{Endpoint: e, QueryAuth: queryAuth, Version: "v1.2.3"}}
		var requests []*pipeline.Request
		var stream outgoing
		for i := range 5 {
			r := &pipeline.Request{
				Cache: cache, Topic: topic, Payload: bytes.Repeat(payload, i),
				Text: text == (i%2 == 0),
			}
			requests = append(requests, r)
			w.add(&stream, r, keys[i/2%2])
		}
		in := bufio.NewReader(bytes.NewReader(slices.Concat(stream.parts()...)))
		for i, r := range requests {
			readBack(t, in, r, keys[i/2%2].Reveal(), queryAuth)
		}
		if _, err := in.ReadByte(); err != io.EOF {
			t.Errorf("something follows the last request")
		}
	})
}

// readBack reads a request and compares everything in it.
func readBack(t *testing.T, in *bufio.Reader, r *pipeline.Request, key string, queryAuth bool) {
	t.Helper()
	got, err := http.ReadRequest(in)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	var segments []string
	for segment := range strings.SplitSeq(got.URL.EscapedPath(), "/") {
		name, err := url.PathUnescape(segment)
		if err != nil {
			t.Fatal(err)
		}
		segments = append(segments, name)
	}
	header := http.Header{
		"User-Agent": {"momento-bridge/v1.2.3"}, "Content-Type": {contentType(r)},
		"Content-Length": {strconv.Itoa(len(r.Payload))},
	}
	query := url.Values{}
	if queryAuth {
		query.Set("token", key)
	} else {
		header.Set("Authorization", key)
	}
	switch {
	case got.Method != http.MethodPost || got.Proto != "HTTP/1.1" || got.Host != "[::1]:8080" ||
		got.TransferEncoding != nil || got.Close:
		t.Errorf("the request is %+v", got)
	case !slices.Equal(segments, []string{"", "topics", r.Cache, r.Topic}):
		t.Errorf("the path is %q, want %q and %q in it", segments, r.Cache, r.Topic)
	case !maps.EqualFunc(got.Header, header, slices.Equal) || !maps.EqualFunc(got.URL.Query(), query, slices.Equal):
		t.Errorf("headers %q and query %q, want %q and %q", got.Header, got.URL.Query(), header, query)
	case !bytes.Equal(body, r.Payload):
		t.Errorf("the body is %q, want %q", body, r.Payload)
	}
}

// pieces returns a stream piece by piece: the n-th read gets at most as many bytes as the n-th size says, in turn.
// Without sizes it returns all there is room for.
type pieces struct {
	stream []byte
	sizes  []byte
	n      int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.stream) == 0 {
		return 0, io.EOF
	}
	if len(p.sizes) > 0 {
		b = b[:min(len(b), 1+int(p.sizes[p.n%len(p.sizes)]))]
		p.n++
	}
	n := copy(b, p.stream)
	p.stream = p.stream[n:]
	return n, nil
}

// said is what there is to know of a reply.
type said struct {
	answered, last, failed bool
	status                 int
	retryAfter, body       string
}

// replies reads a stream to its end. Without the fast path nothing is remembered from one answer to the next.
func replies(in io.Reader, fast bool) []said {
	a := answers{in: bufio.NewReaderSize(in, ioBuffer)}
	var all []said
	for a.wait() == nil {
		if !fast {
			a.usual = nil
		}
		r := a.next()
		s := said{answered: r.answered, last: r.last, failed: r.err != nil}
		switch {
		case r.usual:
			s.status = http.StatusNoContent
		case r.answered:
			s.status, s.retryAfter = a.resp.StatusCode(), string(a.resp.Header.Peek("Retry-After"))
			if r.err == nil {
				s.body = string(a.resp.Body())
			}
		}
		all = append(all, s)
		if s.last {
			break
		}
	}
	return all
}

// FuzzRepliesDoNotDependOnHowTheyArrive reads arbitrary bytes at once and in pieces, with and without what is
// remembered of the usual answer.
func FuzzRepliesDoNotDependOnHowTheyArrive(f *testing.F) {
	const dated = "HTTP/1.1 204 No Content\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\n\r\n"
	f.Add([]byte(ok204+ok204+dated+dated+ok204), []byte{40, 3})
	f.Add([]byte(hints+dated+hints+dated), []byte{65, 66, 255})
	f.Add([]byte("HTTP/1.1 429 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"+ok204), []byte{0})
	f.Add([]byte("HTTP/1.1 400 X\r\nContent-Length: 27\r\n\r\n"+ok204+ok204+"HTTP/1.1 204 No"), []byte{7})
	f.Add([]byte("\r\n\r\n"+ok204+"\r\n"+ok204+"HTTP/1.1 204 X\n\n"+ok204), []byte{1})
	f.Add([]byte(ok204+"HTTP/1.1 204 X\r\nConnection: close\r\n\r\n"+ok204), []byte{30})
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n"+ok204), []byte{9})
	f.Add([]byte("HTTP/1.0 204 X\r\nConnection: keep-alive\r\n\r\nHTTP/1.0 204 X\r\nConnection: keep-alive\r\n\r\n"+
		"HTTP/1.0 204 X\r\n\r\n"), []byte{50})
	f.Fuzz(func(t *testing.T, stream, sizes []byte) {
		want := replies(&pieces{stream: stream}, false)
		for name, got := range map[string][]said{
			"in pieces":                    replies(&pieces{stream: stream, sizes: sizes}, false),
			"with the fast path":           replies(&pieces{stream: stream}, true),
			"in pieces with the fast path": replies(&pieces{stream: stream, sizes: sizes}, true),
		} {
			if !slices.Equal(got, want) {
				t.Errorf("%s the replies are\n%+v, at once without it\n%+v", name, got, want)
			}
		}
	})
}

const hints = "HTTP/1.1 103 Early Hints\r\n\r\n"

// wellFormed are answers as servers give them; %d is a number that varies.
var wellFormed = [...]string{
	ok204,
	"HTTP/1.1 204 No Content\r\nDate: Mon, 23 Nov 2026 12:00:%02d GMT\r\nServer: nginx\r\n\r\n",
	"HTTP/1.1 204 No Content\r\ndate: %d\r\ncontent-length: 0\r\n\r\n",
	hints + "HTTP/1.1 204 No Content\r\nX: %d\r\n\r\n",
	"HTTP/1.1 100 Continue\r\n\r\n" + "HTTP/1.1 102 Processing\r\nX: %d\r\n\r\n" + ok204,
	"HTTP/1.1 429 Too Many Requests\r\nRetry-After: %d\r\nTransfer-Encoding: chunked\r\n\r\n9;x=y\r\n{\"err\":1}\r\n" +
		"A\r\n0123456789\r\n0\r\nX-Trailer: y\r\n\r\n",
	"HTTP/1.1 400 Bad Request\r\nX: %d\r\nContent-Length: 27\r\n\r\n" + ok204,
	"HTTP/1.1 200 OK\r\nX: %d\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 503 Service Unavailable\r\nretry-after: %d\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 204\r\nX: %d\r\n\r\n",
	"HTTP/1.1 204 No Content\r\nX: %d\r\nConnection: Close\r\n\r\n",
}

// FuzzAnswersComeOutAsAnotherReaderReadsThem composes a stream of well-formed answers and compares with net/http.
func FuzzAnswersComeOutAsAnotherReaderReadsThem(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 1, 1, 12, 12, 1, 0}, []byte{200})
	f.Add([]byte{3, 3, 3, 0, 0, 3, 4, 4, 0, 4}, []byte{66, 255})
	f.Add([]byte{0, 5, 0, 5, 6, 7, 6, 0, 8, 9, 9, 10, 0, 0}, []byte{3, 50})
	f.Add([]byte{2, 2, 2, 13, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22}, []byte{0})
	f.Fuzz(func(t *testing.T, picks, sizes []byte) {
		var stream []byte
		for _, pick := range picks {
			answer := wellFormed[int(pick)%len(wellFormed)]
			if strings.Contains(answer, "%") {
				answer = fmt.Sprintf(answer, int(pick)/len(wellFormed))
			}
			stream = append(stream, answer...)
		}
		want := readResponses(t, stream)
		if got := replies(&pieces{stream: stream, sizes: sizes}, true); !slices.Equal(got, want) {
			t.Errorf("the replies are\n%+v, net/http reads\n%+v", got, want)
		}
	})
}

// readResponses reads a stream with net/http, until an answer says that nothing follows it.
func readResponses(t *testing.T, stream []byte) []said {
	t.Helper()
	in := bufio.NewReader(bytes.NewReader(stream))
	var all []said
	for {
		if _, err := in.Peek(1); err != nil {
			return all
		}
		r, err := http.ReadResponse(in, &http.Request{Method: http.MethodPost})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if r.StatusCode < 200 {
			continue
		}
		all = append(all, said{
			answered: true, last: r.Close, status: r.StatusCode,
			retryAfter: r.Header.Get("Retry-After"), body: string(body),
		})
		if r.Close {
			return all
		}
	}
}

// An interim answer comes together with the beginning of its answer, and the rest of that with just as much of what
// follows: the buffer then holds less than before by the length of the interim answer alone.
func TestInterimAnswerIsNeverTakenForTheUsualOne(t *testing.T) {
	t.Parallel()
	const dated = "HTTP/1.1 204 No Content\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\n\r\n"
	const begun = len(hints) + 10
	stream := []byte(hints + dated + hints + dated)
	sizes := []byte{byte(len(hints) + begun - 1), byte(len(dated) - 1), 255}
	if got := replies(&pieces{stream: stream, sizes: sizes}, true); len(got) != 2 {
		t.Errorf("two answers are read as %+v", got)
	}
}

func TestUsualAnswerIsReadWithoutAnAllocation(t *testing.T) {
	a := answers{in: bufio.NewReaderSize(strings.NewReader(strings.Repeat(ok204, 1000)), ioBuffer)}
	a.next()
	if n := testing.AllocsPerRun(900, func() {
		if a.wait() != nil || a.next().last {
			t.Error("the answers end")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
