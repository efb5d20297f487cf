package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/admin"
	"momento-bridge/emulator"
	"momento-bridge/printable"
	"momento-bridge/test/encodings"
)

// evil would change a terminal's title and colours, break lines, turn the direction of writing, and hide.
const evil = "\x1b]0;x\a\x1b[31m\u009b31m\u202e\u2066\u200b\u2028\x7f\b"

// hostileKey is a key as Momento's are.
var hostileKey = base64.StdEncoding.EncodeToString([]byte(`{"endpoint":"cell.example.com","api_key":` +
	`"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.3q2-796tvu_erb7v3q2-796tvu_erb7v3q2-796tvu8"} `))

// outputs are what somebody may read, by where it stands.
type outputs map[string]string

// check looks for characters that do something to who reads them, and for pieces of the key.
func (o outputs) check(t *testing.T, finder *encodings.Finder) {
	t.Helper()
	for where, text := range o {
		if text == "" {
			t.Errorf("%s: there is nothing", where)
		}
		for i, r := range text {
			ours := r == '\n' || r == '\t' || strings.HasPrefix(where, "/,") &&
				(r == '\u00a0' || r == '\u202f') // Of numbers on the page.
			if !ours && !printable.Safe(r) {
				t.Errorf("%s has %q in %q", where, r, text[max(0, i-100):min(len(text), i+50)])
				break
			}
		}
		if piece, as := finder.Find(text); piece != "" {
			t.Errorf("%s has %q of the key (%s)", where, piece, as)
		}
	}
}

// hostileEndpoint answers payloads that are numbers with an echo of the key, in the encoding of that number.
func hostileEndpoint(t *testing.T) (url string, status *atomic.Int64) {
	t.Helper()
	status = &atomic.Int64{}
	status.Store(http.StatusBadRequest)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		n, err := strconv.Atoi(string(body))
		if err != nil && status.Load() == http.StatusBadRequest {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		echo := evil + encodings.All[n].Encode(r.Header.Get("Authorization")) + evil
		conn, out, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		text := "not good: " + echo + r.RequestURI
		if n%2 == 1 {
			asJSON, _ := json.Marshal(map[string]string{"err": "bad_request", "message": text, "detail": echo})
			text = string(asJSON)
		}
		line := strings.NewReplacer("\r", "", "\n", "").Replace(echo)
		if n%5 > 0 { // Else the head is no HTTP.
			line = printable.Text(line)
		}
		fmt.Fprintf(out, "HTTP/1.1 %d %s\r\nX-Echo: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
			status.Load(), line, line, len(text), text)
		_ = out.Flush()
	}))
	t.Cleanup(s.Close)
	return s.URL, status
}

// hostileNATS passes on what a server says, but for its version and name.
func hostileNATS(t *testing.T, server string) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go carryHostile(client, server)
		}
	}()
	return "nats://" + listener.Addr().String()
}

func carryHostile(client net.Conn, server string) {
	defer client.Close()
	conn, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer conn.Close()
	go func() { _, _ = io.Copy(conn, client); conn.Close() }()
	in := bufio.NewReader(conn)
	for {
		line, err := in.ReadString('\n')
		var info map[string]any
		if json.Unmarshal([]byte(strings.TrimPrefix(line, "INFO ")), &info) == nil && info["server_id"] != nil {
			info["version"], info["server_name"], info["cluster"] = "2.15.2"+evil, "n"+evil, "c"+evil
			text, _ := json.Marshal(info)
			line = "INFO " + string(text) + "\r\n"
		}
		if _, gone := io.WriteString(client, line); err != nil || gone != nil {
			return
		}
	}
}

// Whatever the endpoint, NATS and the file say: in each place where people look there is nothing that does something to
// their terminal, and no piece of the key, however it was echoed.
func TestHostileWordsReachNobodyAndNoPieceOfTheKeyDoes(t *testing.T) {
	t.Parallel()
	finder := encodings.NewFinder(hostileKey)
	for _, format := range []string{"json", "text"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, emulator.Config{})
			w.writeKey(hostileKey)
			url, status := hostileEndpoint(t)
			w.stream("S", "s.>")
			dead := w.stream("DEAD", "dead")
			path := w.writeConfig(fmt.Sprintf(`
nats: {url: %q}
momento: {endpoint: %q, api_key_file: %q, connections: 4}
log: {format: %s, level: debug}
routes:
  - {name: s, stream: S, cache: %q, ordering: none, dead_letter: {subject: dead}}
`, hostileNATS(t, w.server.Addr().String()), url, w.keyFile, format, "c"+evil))
			out := outputs{
				"check": ran(t, "check", "-c", path), "check --online": ran(t, "check", "-c", path, "--online"),
			}
			p := startDaemon(t, "-c", path)
			p.awaitReady()
			rejectAll(t, w, p)
			look := func(when string) {
				for _, page := range []string{"/", "/readyz", "/metrics", "/api/v1/status"} {
					_, out[page+when] = p.get(page)
				}
				where := strings.TrimPrefix(p.URL, "http://")
				out["status"+when] = ran(t, "status", "--admin", where)
				out["status --json"+when] = ran(t, "status", "--admin", where, "--json")
			}
			look(", rejecting")
			out["dead letters"] = deadHeaders(t, dead)
			out["replay"] = ran(t, "replay", "-c", path, "--dry-run")
			status.Store(http.StatusUnauthorized)
			w.publish("s.x", "3")
			p.awaitNotReady("the API key is refused")
			look(", refused")
			_ = p.stop()
			out["the log"] = p.log.String()
			out.check(t, finder)
		})
	}
}

// ran is what a command prints.
func ran(t *testing.T, args ...string) string {
	t.Helper()
	var out, log syncBuffer
	_ = run(t.Context(), args, &out, &log)
	return out.String() + log.String()
}

// rejectAll has a message rejected for each encoding, and one accepted after every few: it would not be believed
// otherwise.
func rejectAll(t *testing.T, w *world, p *process) {
	t.Helper()
	const few = 4
	for n := range encodings.All {
		w.publish("s.x", strconv.Itoa(n))
		if n%few < few-1 && n+1 < len(encodings.All) {
			continue
		}
		eventually(t, "rejected messages", func() bool {
			return p.metric(`messages_settled_total{outcome="dead_lettered",route="s"}`) >= float64(n+1)
		})
		w.publish("s.x", "fine")
		eventually(t, "a message that is accepted", func() bool {
			return p.metric(`messages_settled_total{outcome="published",route="s"}`) >= float64(n/few+1)
		})
	}
}

// deadHeaders are the headers of all dead letters, in lines.
func deadHeaders(t *testing.T, dead jetstream.Stream) string {
	t.Helper()
	var all strings.Builder
	info, err := dead.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for sequence := info.State.FirstSeq; sequence <= info.State.LastSeq; sequence++ {
		m, err := dead.GetMsg(context.WithoutCancel(t.Context()), sequence)
		if err != nil {
			t.Fatal(err)
		}
		for name, values := range m.Header {
			fmt.Fprintf(&all, "%s: %s\n", name, strings.Join(values, "\n"))
		}
	}
	return all.String()
}

// A daemon that is none says what it likes.
func TestHostileDaemonDoesNothingToTheTerminalOfStatus(t *testing.T) {
	t.Parallel()
	var s admin.Status
	fillWith(reflect.ValueOf(&s).Elem(), "x"+evil)
	s.State, s.Now = admin.State("x"+evil), time.Unix(1_800_000_000, 0)
	text, err := json.Marshal(&s)
	if err != nil {
		t.Fatal(err)
	}
	finder := encodings.NewFinder(hostileKey)
	for name, body := range map[string]string{
		"a status": string(text), "none": "<title>" + evil, "another": `{"version":"` + evil + `"}`,
		"with spaces": strings.ReplaceAll(string(text), ",", ",\r\n\t"),
	} {
		for _, code := range []int{200, 403, 421, 500} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = []string{"a\u009b31m\u202e"}
				w.WriteHeader(code)
				fmt.Fprint(w, body)
			}))
			out := outputs{}
			for _, args := range [][]string{{}, {"--json"}} {
				said := ran(t, append([]string{"status", "--admin", server.URL}, args...)...)
				out[fmt.Sprint(name, code, args)] = strings.ReplaceAll(said, "\t", " ")
			}
			out.check(t, finder)
			server.Close()
		}
	}
}

// fillWith gives each text of a value, and an element of each list.
func fillWith(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Struct:
		for _, field := range v.Fields() {
			if field.CanSet() && v.Type() != reflect.TypeFor[time.Time]() {
				fillWith(field, text)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fillWith(v.Index(i), text)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillWith(v.Elem(), text)
	default:
	}
}
