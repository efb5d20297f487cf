package cloudevents

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
)

func TestTheGoSDKReadsWhatIsPublished(t *testing.T) {
	t.Parallel()
	vs := vectors(t)
	var batch []event.Event
	if err := json.Unmarshal([]byte("["+strings.Join(textsOf(vs), ",")+"]"), &batch); err != nil {
		t.Fatalf("the batch is refused: %v", err)
	}
	for i, v := range vs {
		var alone event.Event
		if err := json.Unmarshal([]byte(v.Event), &alone); err != nil {
			t.Errorf("%s: refused: %v", v.Name, err)
			continue
		}
		for _, e := range []event.Event{alone, batch[i]} {
			if why := wrong(t, &e, v.Event); why != "" {
				t.Errorf("%s: %s", v.Name, why)
			}
		}
	}
}

// wrong says what the SDK has made of an event that is not what its JSON says; empty: nothing.
func wrong(t testing.TB, e *event.Event, text string) string {
	t.Helper()
	if err := e.Validate(); err != nil {
		return fmt.Sprintf("not valid: %v: %s", err, text)
	}
	m := membersOf(t, text)
	for name, got := range map[string]string{
		"specversion": e.SpecVersion(), "id": e.ID(), "type": e.Type(), "subject": e.Subject(),
		"datacontenttype": e.DataContentType(),
	} {
		if got != m.text(name) {
			return fmt.Sprintf("%s is %q, want %q", name, got, m.text(name))
		}
	}
	for name, got := range map[string]string{"source": e.Source(), "dataschema": e.DataSchema()} {
		want, err := url.Parse(m.text(name))
		if err != nil || got != want.String() {
			return fmt.Sprintf("%s is %q, want %q, %v", name, got, want, err)
		}
	}
	if at, _ := time.Parse(time.RFC3339Nano, m.text("time")); !at.Equal(e.Time()) {
		return fmt.Sprintf("time is %v, want %v", e.Time(), at)
	}
	if why := wrongExtensions(e.Extensions(), m); why != "" {
		return why
	}
	return wrongData(e, m, text)
}

// own are the members that are no extensions.
var own = []string{
	"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data", "data_base64",
}

func wrongExtensions(got map[string]any, m members) string {
	n := 0
	for name, want := range m {
		if slices.Contains(own, name) || want == nil {
			continue
		}
		n++
		if fmt.Sprint(got[name]) != fmt.Sprint(want) {
			return fmt.Sprintf("extension %s is %v, want %v", name, got[name], want)
		}
	}
	if n != len(got) {
		return fmt.Sprintf("the extensions are %v, want %d", got, n)
	}
	return ""
}

func wrongData(e *event.Event, m members, text string) string {
	var raw struct{ Data json.RawMessage }
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return err.Error()
	}
	want := []byte(raw.Data)
	if data, ok := m.bytes(); ok {
		want = data
	} else if s, ok := m["data"].(string); ok && !isJSON(e.DataMediaType()) {
		want = []byte(s)
	}
	if got := strings.TrimSpace(string(e.Data())); got != strings.TrimSpace(string(want)) {
		return fmt.Sprintf("data are %q, want %q", got, want)
	}
	return ""
}

// isJSON reports whether the SDK takes data of a type for JSON.
func isJSON(media string) bool {
	switch media {
	case "", event.ApplicationJSON, event.TextJSON, event.ApplicationCloudEventsJSON,
		event.ApplicationCloudEventsBatchJSON:
		return true
	}
	return false
}
