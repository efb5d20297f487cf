package source

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Other clients send names of headers that ours refuses, together with the whole message: its dead letter would never
// be stored, and the message would wait for ever.
func TestDeadLetterKeepsHeadersThatOurClientDoesNotSend(t *testing.T) {
	t.Parallel()
	_, stream, letters := graves(t, 100_000, jetstream.StreamConfig{})
	sequence := 0
	for name, header := range map[string]nats.Header{
		"a name with a slash":        {"X/Y": {"1", "2"}, "Plain": {"p"}},
		"a name with a space":        {"X Y": {"1"}},
		"a name that is not ASCII":   {"Größe\xff": {"\x00\xff"}},
		"white space behind a value": {"Region": {"eu \t", "us"}},
		"a carriage return":          {"Region": {"a\rb"}},
		"what a query string means":  {"a=b&c": {"d&e=f%2B+g"}},
		"a name of every token":      {"!#$%&'*+-.^_`|~09azAZ": {"v"}},
	} {
		m, why := rejected("orders.1", header, []byte(name))
		sequence++ // The stream drops what comes twice.
		m.Handle.(*delivery).reply = fmt.Sprintf("$JS.ACK.S.C.1.%d.1.1700000000000000000.0", sequence)
		if err := letters.Keep(m, why); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		kept, err := stream.GetLastMsgForSubject(t.Context(), "dead.r")
		if err != nil {
			t.Fatal(err)
		}
		if got := headersOf(kept.Header); string(kept.Data) != name || !reflect.DeepEqual(nats.Header(got), header) {
			t.Errorf("%s: %q comes back with the headers %q, want %q", name, kept.Data, got, header)
		}
	}
}

func TestDeadLetterLosesHeadersThatOurClientDoesNotSendBeforeItLosesItsReason(t *testing.T) {
	t.Parallel()
	letter := &nats.Msg{Header: nats.Header{}}
	copyHeaders(letter.Header, nats.Header{"X/Y": {strings.Repeat("/", 30_000)}, "Plain": {"p"}})
	letter.Header.Set(ourPrefix+"Reason", "unfit")
	if _, fits := fit(letter, 1<<20); !fits || letter.Header.Get(headersCutHeader) != "1" ||
		letter.Header.Get("Plain") == "" || letter.Header.Get(ourPrefix+"Reason") == "" {
		t.Errorf("it fits: %v, with the headers %.200q", fits, letter.Header)
	}
}

func TestDeadLetterOfADeadLetterKeepsTheHeadersOfBoth(t *testing.T) {
	t.Parallel()
	first, second := nats.Header{}, nats.Header{}
	copyHeaders(first, nats.Header{"X/Y": {"1"}})
	first["Z "] = []string{"2"}
	copyHeaders(second, first)
	if got := headersOf(second); !reflect.DeepEqual(got, map[string][]string{"X/Y": {"1"}, "Z ": {"2"}}) {
		t.Errorf("the headers are %q", got)
	}
}
