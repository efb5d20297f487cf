package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"
)

const minimal = "routes: [{name: a, subject: a, cache: c}]\n"

func TestEmptyValuesKeepTheDefaults(t *testing.T) {
	f := Read("f", []byte("nats:\nlimits:\n"+minimal))
	f.Validate()
	if err := f.Err(); err != nil {
		t.Fatal(err)
	}
	want := Default()
	r := DefaultRoute()
	r.Name, r.Subject, r.Cache, r.Queue = "a", "a", "c", "momento-bridge"
	want.Routes = []Route{r}
	if !reflect.DeepEqual(f.Config, want) {
		t.Errorf("Read = %+v, want %+v", f.Config, want)
	}
}

func TestExampleShowsTheDefaults(t *testing.T) {
	f := Read("example.yaml", []byte(Example()))
	f.Validate()
	if err := f.Err(); err != nil {
		t.Fatal(err)
	}
	got, want := f.Config, Default()
	got.Routes, got.Momento.Region = nil, ""
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the example has %+v, the defaults are %+v", got, want)
	}
}

func TestValuesAreRead(t *testing.T) {
	f := func(value scalar, text string, want any) {
		t.Helper()
		err := value.parse(text)
		if got := reflect.ValueOf(value).Elem().Interface(); err != nil || got != want {
			t.Errorf("%T %q = %v, %v, want %v", value, text, got, err, want)
		}
	}
	f(new(Rate), "auto", Rate{Auto: true})
	f(new(Rate), "unlimited", Rate{Unlimited: true})
	f(new(Rate), "0.5", Rate{PerSecond: 0.5})
	f(new(InFlight), "16", InFlight(16))
	f(new(InFlight), "auto", AutoInFlight)
	f(new(Duration), "1m30s", Duration(90*time.Second))
	f(new(Duration), "0", Duration(0))
	f(new(Size), "4096", Size(4096))
	f(new(Size), "64MiB", Size(64<<20))
	f(new(Size), "1.5 KiB", Size(1536))
	f(new(Size), "4KB", Size(4000))
}

func TestFlagsReadValuesAsTheFileDoes(t *testing.T) {
	f := Read("", nil)
	f.AddRoute("x")
	f.Set("limits.rate", "7", "--rate")
	f.Set("routes[0].batch.format", "json", "--batch")
	f.Set("momento.connections", "three", "--connections")
	if f.Limits.Rate.PerSecond != 7 || f.Routes[0].Batch.Format != "json" || !f.Has("limits.rate") ||
		f.Has("limits.burst") {
		t.Errorf("after Set: %+v", f.Config)
	}
	if err := f.Err(); err == nil || err.Error() != `--connections: "three" is not a whole number` {
		t.Errorf("Err = %v", err)
	}
}

func TestSuggestionIsTheNearestName(t *testing.T) {
	names := []string{"api_key_file", "connections", "region", "url"}
	f := func(word, want string) {
		t.Helper()
		if got := nearest(word, names); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
	f("conections", "connections")
	f("REGION", "region")
	f("ulr", "url")
	f("api_key", "api_key_file")
	f("zebra", "")
	f("", "")
}

func TestManyRoutesAreRefusedQuickly(t *testing.T) {
	f := Read("f", []byte("routes:\n"+strings.Repeat("  - {}\n", 100_000)))
	f.Validate()
	if err := f.Err(); err == nil || err.Error() != "f:2:3: there are 100000 routes, at most 1000 are possible" {
		t.Errorf("Err = %.200v", err)
	}
}

func TestSchemaKnowsEveryKey(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(Schema(nil), &schema); err != nil {
		t.Fatal(err)
	}
	var walk func(s map[string]any, typ reflect.Type, path string)
	walk = func(s map[string]any, typ reflect.Type, path string) {
		properties, _ := s["properties"].(map[string]any)
		maps.DeleteFunc(properties, func(_ string, p any) bool { return p.(map[string]any)["deprecated"] == true })
		if len(properties) != typ.NumField() || s["additionalProperties"] != false {
			t.Errorf("%s has %d properties, want %d", path, len(properties), typ.NumField())
		}
		for field := range typ.Fields() {
			key := field.Tag.Get("yaml")
			property, ok := properties[key].(map[string]any)
			if !ok || property["description"] == nil {
				t.Errorf("%s.%s is not in the schema or has no description", path, key)
				continue
			}
			if field.Type.Kind() == reflect.Struct && field.Type != reflect.TypeFor[Rate]() {
				walk(property, field.Type, path+"."+key)
			}
			if field.Type.Kind() == reflect.Slice && field.Type.Elem().Kind() == reflect.Struct {
				walk(property["items"].(map[string]any), field.Type.Elem(), path+"."+key)
			}
		}
	}
	walk(schema, reflect.TypeFor[Config](), "")
}

func TestProxyPrintsWithoutItsPassword(t *testing.T) {
	f := Read("f", []byte("momento: {proxy: \"http://user:hush@host:3128\"}\n"+minimal))
	f.Validate()
	if err := f.Err(); err != nil || string(f.Momento.Proxy) != "http://user:hush@host:3128" {
		t.Fatalf("proxy %q, %v", string(f.Momento.Proxy), err)
	}
	text, err := json.Marshal(f.Config)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "config", f.Config, "proxy", f.Momento.Proxy)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "config", f.Config, "proxy", f.Momento.Proxy)
	printed := fmt.Sprintf("%v %+v %#v %s %q %v", f.Config, f.Config, f.Config, f.Momento.Proxy, f.Momento.Proxy, f)
	for _, text := range []string{printed, string(text), log.String()} {
		if strings.Contains(text, "hush") {
			t.Errorf("the password is in %s", text)
		}
	}
}

func FuzzReadPlacesEveryProblemInTheText(f *testing.F) {
	f.Add([]byte(Example()))
	f.Add([]byte(minimal))
	for _, s := range []string{
		"a: [", "\xff", "--- \n---\n", "a: &x 1", "x: !!str y",
		"routes: [{name: 1, subject: *a}]", "? [a]\n: b", "nats: {url: >\n}", "\x05", "-",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := Read("f", text)
		file.Validate()
		invalid, ok := errors.AsType[*InvalidError](file.Err())
		if !ok {
			return
		}
		lines := strings.Split(lineBreaks.Replace(string(text)), "\n")
		last := [2]int{1, 1}
		for _, p := range invalid.Problems {
			var line, column int
			if _, err := fmt.Sscanf(p, "f:%d:%d: ", &line, &column); err != nil {
				t.Fatalf("problem without a place: %q", p)
			}
			if line < 1 || line > len(lines) || column < 1 || column > len(lines[line-1])+2 {
				t.Errorf("%q is outside the text of %d lines", p, len(lines))
			}
			if line < last[0] || line == last[0] && column < last[1] {
				t.Errorf("%q comes after %v", p, last)
			}
			last = [2]int{line, column}
		}
	})
}

func TestFormerKeyIsReadAndWarnedOf(t *testing.T) {
	f := Read("c.yaml", []byte("momento:\n  pipeline: 4\n"))
	want := `c.yaml:2:3: the key "pipeline" in momento is called "in_flight" now: rename it, as v1.0.0 will refuse it`
	if got := f.Outdated(); f.Err() != nil || f.Momento.InFlight != 4 || !f.Has("momento.in_flight") || len(got) != 1 ||
		got[0] != want {
		t.Errorf("in_flight is %v, %v, warned of %q, want %q", f.Momento.InFlight, f.Err(), got, want)
	}
	f = Read("c.yaml", []byte("momento: {pipeline: many}"))
	if err := f.Err(); err == nil || !strings.HasPrefix(err.Error(), "c.yaml:1:21: momento.in_flight") {
		t.Errorf("what is wrong with it is %v", err)
	}
	if got := Read("c.yaml", []byte("momento: {in_flight: 4}")).Outdated(); got != nil {
		t.Errorf("the present key is warned of: %q", got)
	}
}

func TestSchemaHasFormerKeysAsDeprecated(t *testing.T) {
	for path, former := range formerKeys {
		section, key, _ := strings.Cut(path, ".")
		var schema struct {
			Properties map[string]struct {
				Properties map[string]map[string]any `json:"properties"`
			} `json:"properties"`
		}
		if err := json.Unmarshal(Schema(nil), &schema); err != nil {
			t.Fatal(err)
		}
		keys := schema.Properties[section].Properties
		if keys[key]["deprecated"] != true || keys[former.now]["deprecated"] != nil || keys[key]["anyOf"] == nil {
			t.Errorf("%s is %v", path, keys[key])
		}
	}
}

func TestFormerKeyIsToBeRemovedWhereTheNewOneStands(t *testing.T) {
	for _, text := range []string{"momento: {pipeline: 4, in_flight: 4}", "momento: {in_flight: 4, pipeline: 4}"} {
		if err := Read("c.yaml", []byte(text)).Err(); err == nil || !strings.Contains(err.Error(),
			`is called "in_flight" now, which is there, too: remove it`) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestRoutesStartWhereTheyAreToldTo(t *testing.T) {
	for text, want := range map[string]Start{
		"all": DeliverAll, "new": DeliverNew, "2026-01-31T06:00:00Z": "2026-01-31T06:00:00Z",
		`"2026-01-31T06:00:00.5+02:00"`: "2026-01-31T06:00:00.5+02:00", "17": "17",
	} {
		f := Read("f", []byte("routes: [{name: a, stream: S, cache: c, deliver: "+text+"}]"))
		f.Validate()
		if err := f.Err(); err != nil || f.Routes[0].Deliver != want {
			t.Errorf("deliver: %s is %q, %v, want %q", text, f.Routes[0].Deliver, err, want)
		}
	}
}
