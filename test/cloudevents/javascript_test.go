package cloudevents

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// outcome is what the JavaScript SDK makes of an event, or of a batch.
type outcome[T any] struct {
	Event T
	Error string
}

// readings are what it makes of all events.
type readings struct {
	Single []struct{ Strict, Structured outcome[members] }
	Batch  outcome[[]members]
}

func TestTheJavaScriptSDKReadsWhatIsPublished(t *testing.T) {
	t.Parallel()
	vs := vectors(t)
	got := javaScript(t, textsOf(vs))
	if got.Batch.Error != "" || len(got.Batch.Event) != len(vs) {
		t.Fatalf("the batch has %d events, want %d: %s", len(got.Batch.Event), len(vs), got.Batch.Error)
	}
	for i, v := range vs {
		want := membersOf(t, v.Event)
		for mode, o := range map[string]outcome[members]{
			"strict": got.Single[i].Strict, "structured": got.Single[i].Structured,
			"batch": {Event: got.Batch.Event[i]},
		} {
			if o.Error != "" {
				t.Errorf("%s: refused, %s: %s", v.Name, mode, o.Error)
			}
			for name, value := range want {
				if mode == "structured" && name == "data" || same(name, o.Event[name], value) {
					continue // In that mode the SDK drops data such as 0.
				}
				t.Errorf("%s: %s is %v, %s, want %v", v.Name, name, o.Event[name], mode, value)
			}
		}
	}
}

// same reports whether the SDK's value of a member is the one in the event. It knows times to the millisecond, and
// drops what is null.
func same(name string, got, want any) bool {
	if name == "time" {
		g, _ := got.(string)
		w, _ := want.(string)
		at, err := time.Parse(time.RFC3339Nano, g)
		exactly, _ := time.Parse(time.RFC3339Nano, w)
		return err == nil && at.Equal(exactly.Truncate(time.Millisecond))
	}
	return reflect.DeepEqual(got, asJavaScript(want))
}

// asJavaScript is a value with numbers as JavaScript has them: what is too large it writes as null.
func asJavaScript(value any) any {
	switch v := value.(type) {
	case json.Number:
		if n, err := v.Float64(); err == nil {
			return n
		}
		return nil
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = asJavaScript(v[i])
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for name := range v {
			object[name] = asJavaScript(v[name])
		}
		return object
	}
	return value
}

// javaScript has Node read events with the SDK.
func javaScript(t *testing.T, texts []string) readings {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the JavaScript SDK is not tried: there is no %s", program)
		}
	}
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "read.mjs", install(t))
	cmd.Stdin = bytes.NewReader(input)
	cmd.Stderr = os.Stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got readings
	if err := json.Unmarshal(output, &got); err != nil || len(got.Single) != len(texts) {
		t.Fatalf("Node says %.200s: %v", output, err)
	}
	return got
}

// install installs the SDK, as the lock file has it, in a directory of the test, and returns that.
func install(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("the JavaScript SDK is not tried: it cannot be had from the registry: %v\n%s", err, text)
	}
	return dir
}
