package docs

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"momento-bridge/config"
	"momento-bridge/test/docs/standin"
)

// checkYAML finds out what a document is, and reads it as strictly as we can.
func checkYAML(b *Block) error {
	if b.Words.Values {
		return checkValues(b.Text)
	}
	var document any
	if err := yaml.Load([]byte(b.Text), &document); err != nil {
		if !strings.Contains(b.Text, "\n---") {
			return fmt.Errorf("not YAML: %w", err)
		}
	}
	top, _ := document.(map[string]any)
	switch {
	case strings.Contains(b.Text, "apiVersion:"):
		return checkManifest(b)
	case top["services"] != nil:
		return checkCompose(top)
	case top["groups"] != nil:
		return checkRules(top)
	case only(top, "global", "scrape_configs", "rule_files", "alerting") && len(top) > 0:
		return nil
	case top["site_name"] != nil, top["jobs"] != nil, top["builds"] != nil:
		return nil // Of mkdocs, a forge's CI, goreleaser: those have tests of their own.
	}
	return checkConfiguration(b, document)
}

func only(top map[string]any, keys ...string) bool {
	for key := range top {
		if !slices.Contains(keys, key) {
			return false
		}
	}
	return true
}

// checkManifest looks at Kubernetes objects, and at the configurations in them.
func checkManifest(b *Block) error {
	if err := standin.Manifest(b.Text); err != nil {
		return err
	}
	for document := range strings.SplitSeq("\n"+b.Text, "\n---") {
		var object struct {
			Kind string            `yaml:"kind"`
			Data map[string]string `yaml:"data"`
		}
		if yaml.Load([]byte(document), &object) != nil || object.Kind != "ConfigMap" {
			continue
		}
		for name, text := range object.Data {
			if !strings.HasSuffix(name, ".yaml") {
				continue
			}
			if err := validate(name, []byte(text)); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkCompose looks at the keys of services, which are those of the Compose specification that are in use here.
func checkCompose(top map[string]any) error {
	if !only(top, "services", "volumes", "networks", "configs", "secrets", "name") {
		return errors.New("no compose file: an unknown key beside services")
	}
	services, _ := top["services"].(map[string]any)
	for name, service := range services {
		keys, ok := service.(map[string]any)
		if !ok || !only(keys, "image", "build", "command", "entrypoint", "environment", "env_file", "ports", "volumes",
			"depends_on", "restart", "healthcheck", "networks", "configs", "secrets", "read_only", "user", "tmpfs",
			"stop_grace_period", "cap_drop", "security_opt", "profiles", "deploy", "mem_limit", "cpus", "working_dir",
			"init", "extra_hosts") {
			return fmt.Errorf("service %s has a key that compose files do not have", name)
		}
	}
	return nil
}

// checkRules looks at Prometheus rules.
func checkRules(top map[string]any) error {
	groups, _ := top["groups"].([]any)
	for _, group := range groups {
		g, _ := group.(map[string]any)
		rules, _ := g["rules"].([]any)
		if g["name"] == nil || len(rules) == 0 {
			return errors.New("a group of rules without name or rules")
		}
		for _, rule := range rules {
			r, _ := rule.(map[string]any)
			if r["expr"] == nil || (r["alert"] == nil) == (r["record"] == nil) {
				return errors.New("a rule without expr, or without one of alert and record")
			}
		}
	}
	return nil
}

// checkValues looks whether the chart has the values.
func checkValues(text string) error {
	chart, err := os.ReadFile("../../deploy/helm/momento-bridge/values.yaml")
	if err != nil {
		return fmt.Errorf("the chart: %w", err)
	}
	var defaults map[string]any
	if err := yaml.Load(chart, &defaults); err != nil {
		return fmt.Errorf("the chart: %w", err)
	}
	return standin.Values(text, defaults)
}

// checkConfiguration reads a bridge configuration. A part of one is put where its keys belong, into one that has what
// else is needed.
func checkConfiguration(b *Block, document any) error {
	in := b.Words.In
	if list, ok := document.([]any); ok && in == "" {
		document, in = map[string]any{"routes": list}, "-"
	}
	top, ok := document.(map[string]any)
	if !ok {
		return errors.New("no mapping: what is it?")
	}
	if in == "" {
		var found bool
		if in, found = placeOf(top); !found {
			return fmt.Errorf("neither a bridge configuration nor a part of one, nor anything else that is known: %v",
				keysOf(top))
		}
	}
	whole := nest(top, strings.TrimPrefix(in, "-"))
	complete(whole)
	text, err := yaml.Dump(whole)
	if err != nil {
		return fmt.Errorf("write YAML: %w", err)
	}
	return validate("config.yaml", text)
}

func keysOf(m map[string]any) (keys []string) {
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// placeOf returns the part of the file that has all the keys: the whole one first, then a route.
func placeOf(top map[string]any) (string, bool) {
	places := []string{"", "routes[]"}
	known := map[string]bool{}
	for _, k := range config.Keys() {
		known[k.Path] = true
	}
	for path := range config.Sections() {
		known[path], known[strings.TrimSuffix(path, "[]")] = true, true
		places = append(places, path)
	}
	slices.Sort(places[2:])
	for _, place := range places {
		fits := len(top) > 0
		for key := range top {
			path := strings.TrimPrefix(place+"."+key, ".")
			fits = fits && (known[path] || known[path+".<name>"])
		}
		if fits {
			return place, true
		}
	}
	return "", false
}

// nest puts a part below its keys.
func nest(part map[string]any, path string) map[string]any {
	if path == "" {
		return part
	}
	names := strings.Split(path, ".")
	var inner any = part
	for _, name := range slices.Backward(names) {
		name, isList := strings.CutSuffix(strings.TrimSuffix(name, "0]"), "[")
		if name == "<name>" {
			name = "my-cache"
		}
		if !isList {
			name, isList = strings.CutSuffix(name, "[]")
		}
		if isList {
			inner = []any{inner}
		}
		inner = map[string]any{name: inner}
	}
	return inner.(map[string]any) //nolint:forcetypeassert // There is one name or more.
}

// complete adds what a configuration needs.
func complete(whole map[string]any) {
	momento, _ := whole["momento"].(map[string]any)
	if momento == nil {
		momento = map[string]any{}
		whole["momento"] = momento
	}
	if momento["region"] == nil && momento["endpoint"] == nil && momento["api_key_url"] == nil {
		momento["region"] = "us-east-1"
	}
	routes, _ := whole["routes"].([]any)
	if len(routes) == 0 {
		routes = []any{map[string]any{}}
		whole["routes"] = routes
	}
	for i, route := range routes {
		r, ok := route.(map[string]any)
		if !ok {
			continue
		}
		if r["name"] == nil {
			r["name"] = fmt.Sprintf("r%d", i)
		}
		if r["cache"] == nil {
			r["cache"] = "my-cache"
		}
		if r["subject"] == nil && r["subjects"] == nil && r["stream"] == nil {
			r["stream"] = "ORDERS"
		}
	}
}

// validate reads a whole configuration.
func validate(name string, text []byte) error {
	f := config.Read(name, text)
	if f.Broken("") {
		return f.Err()
	}
	f.Validate()
	return f.Err()
}
