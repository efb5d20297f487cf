package helm

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"momento-bridge/config"
	"momento-bridge/test/helm/render"
)

// configOf is the file in the ConfigMap.
func configOf(t *testing.T, out render.Rendered) *config.File {
	t.Helper()
	w := worldOf(t, out)
	file := config.Read("config.yaml", []byte(w.config.Data["config.yaml"]))
	if err := file.Err(); err != nil {
		t.Errorf("%v\n%s", err, w.config.Data["config.yaml"])
	}
	return file
}

// TestEveryKeyOfTheConfigurationCanBeAValue takes the example that has them all.
func TestEveryKeyOfTheConfigurationCanBeAValue(t *testing.T) {
	t.Parallel()
	example := config.Example()
	values, err := render.Values(example)
	if err != nil {
		t.Fatal(err)
	}
	values["momento"].(map[string]any)["api_key_file"] = "/key"
	values["admin"].(map[string]any)["listen"] = ":9464"
	values["coordination"].(map[string]any)["create"] = true
	r := render.Release{Name: "bridge", Namespace: "default"}
	out, err := render.WithValues(loaded(t), r, map[string]any{"config": values})
	if err != nil {
		t.Fatal(err)
	}
	got, want := configOf(t, out), config.Read("", []byte(example))
	want.Momento.APIKeyFile, want.Admin.Listen, want.Coordination.Create = "/key", ":9464", true
	compare(t, "", reflect.ValueOf(got.Config), reflect.ValueOf(want.Config))
}

// compare looks at what can be set; where a value stands in the file may differ.
func compare(t *testing.T, path string, got, want reflect.Value) {
	t.Helper()
	switch {
	case got.Kind() == reflect.Slice && got.Len() == want.Len() && got.Type().Elem().Kind() == reflect.Struct:
		for i := range got.Len() {
			compare(t, path+"[]", got.Index(i), want.Index(i))
		}
	case got.Kind() == reflect.Struct && got.NumField() > 0 && got.Type().Field(0).Tag.Get("yaml") != "":
		for i := range got.NumField() {
			if key := got.Type().Field(i).Tag.Get("yaml"); key != "" {
				compare(t, path+"."+key, got.Field(i), want.Field(i))
			}
		}
	case got.CanInterface() && !reflect.DeepEqual(got.Interface(), want.Interface()):
		t.Errorf("%s is %v, want %v", path, got.Interface(), want.Interface())
	}
}

// TestEveryFileOfTheConfigurationCanComeFromASecret takes the keys from the program's own table.
func TestEveryFileOfTheConfigurationCanComeFromASecret(t *testing.T) {
	t.Parallel()
	n := 0
	for _, key := range config.Keys() {
		if !strings.HasSuffix(key.Path, "_file") {
			continue
		}
		n++
		names := strings.Split(key.Path, ".")
		var place any = map[string]any{"secret": "of-ours"}
		for _, name := range slices.Backward(names) {
			place = map[string]any{name: place}
		}
		// Other files may have to go with it: the schema alone decides here, and the template names it.
		_, err := render.WithValues(loaded(t), render.Release{Name: "bridge", Namespace: "default"},
			merged(with(t, ""), map[string]any{"secrets": place}))
		if err != nil && strings.Contains(err.Error(), "schema") {
			t.Errorf("%s: %v", key.Path, err)
		}
	}
	if n < 12 {
		t.Errorf("%d files, want all of them", n)
	}
}

// TestNumbersTextsAndTemplatesReachTheDaemonAsTheyAreWritten has what Helm or YAML could take for something else.
func TestNumbersTextsAndTemplatesReachTheDaemonAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	f := func(values string, get func(*config.File) any, want any) {
		t.Helper()
		out, err := release(t, "bridge", values)
		if err != nil {
			t.Errorf("%s: %v", values, err)
			return
		}
		if got := get(configOf(t, out)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", values, got, want)
		}
	}
	rate := func(c *config.File) any { return c.Limits.Rate.String() }
	f("config: {limits: {rate: 5}}", rate, "5")
	f(`config: {limits: {rate: "5"}}`, rate, "5")
	f("config: {limits: {rate: 0.25}}", rate, "0.25")
	f("config: {limits: {rate: 1e6}}", rate, "1e+06")
	f("config: {limits: {rate: auto}}", rate, "auto")
	f("config: {limits: {rate: unlimited}}", rate, "unlimited")
	f("config: {queue: {max_messages: 10000000}}", func(c *config.File) any { return c.Queue.MaxMessages }, 10000000)
	f("{config: {queue: {max_bytes: 1073741824}}, resources: {limits: {memory: 4Gi}}}",
		func(c *config.File) any { return int(c.Queue.MaxBytes) }, 1<<30)
	f("config: {shutdown_timeout: 0}", func(c *config.File) any { return c.ShutdownTimeout.String() }, "0s")
	f("config: {shutdown_timeout: 1m0.5s}", func(c *config.File) any { return c.ShutdownTimeout.String() }, "1m0.5s")
	topic := func(c *config.File) any { return c.Routes[0].Topic }
	route := `config: {routes: [{name: a, subject: "a.*", cache: c, topic: %}]}`
	for written, want := range map[string]string{
		`"{{wildcard(1)}}"`:                   "{{wildcard(1)}}",
		`"{{ .Release.Name }}"`:               "{{ .Release.Name }}",
		`"{{` + "`x`" + `}}"`:                 "{{`x`}}",
		`"it's \"so\": #1 \\ & <b>"`:          `it's "so": #1 \ & <b>`,
		`"grün-日本-🚀"`:                         "grün-日本-🚀",
		`"on"`:                                "on",
		`"123"`:                               "123",
		`" a "`:                               " a ",
		`"` + strings.Repeat("x ", 300) + `"`: strings.Repeat("x ", 300),
	} {
		f(strings.Replace(route, "%", written, 1), topic, want)
	}
}

// TestHundredsOfRoutesAreRendered has a list that is longer than what one writes by hand.
func TestHundredsOfRoutesAreRendered(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("config:\n  routes:\n")
	const n = 500
	for i := range n {
		name := "r" + strings.Repeat("x", i%20) + string(rune('a'+i%26)) + strings.Repeat("y", i/26)
		b.WriteString("    - {name: " + name + ", subject: a." + name + ", cache: c}\n")
	}
	out, err := release(t, "bridge", b.String())
	if err != nil {
		t.Fatal(err)
	}
	if got := len(configOf(t, out).Routes); got != n {
		t.Errorf("%d routes, want %d", got, n)
	}
}
