package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"momento-bridge/config"
	"momento-bridge/secretfile"
)

// A context of the nats command line is a JSON file that says how to reach a server. Its passwords and tokens stand
// in it and are read at each attempt to connect; everything else is read once.

// contextKeys are the keys of a context that have a counterpart here.
var contextKeys = map[string]string{
	"url":                  "nats.url",
	"creds":                "nats.creds_file",
	"nkey":                 "nats.nkey_file",
	"user":                 "nats.user",
	"cert":                 "nats.tls.cert_file",
	"key":                  "nats.tls.key_file",
	"ca":                   "nats.tls.ca_file",
	"tls_first":            "nats.tls.handshake_first",
	"inbox_prefix":         "nats.inbox_prefix",
	"jetstream_domain":     "nats.domain",
	"jetstream_api_prefix": "nats.api_prefix",
}

// idleContextKeys say nothing of how to connect.
var idleContextKeys = []string{"name", "description", "color_scheme", "jetstream_event_prefix"}

// The keys of secrets in a context.
const (
	contextPassword = "password"
	contextToken    = "token"
)

// ApplyContext fills what neither flags nor the file set from the context that the configuration names. None is used
// that is not named.
func ApplyContext(f *config.File) {
	name := f.NATS.Context
	if name == "" || f.Broken("nats.context") {
		return
	}
	values, err := readContext(name)
	if err != nil {
		f.Problemf("nats.context", "nats.context: %v", err)
		return
	}
	origin := "context " + name
	own := f.Has("nats.creds_file") || f.Has("nats.nkey_file") || f.Has("nats.user") || f.Has("nats.password_file") ||
		f.Has("nats.token_file")
	elsewhere := f.Has("nats.domain") || f.Has("nats.api_prefix")
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value, path := values[key], contextKeys[key]
		switch {
		case own && slices.Contains([]string{"creds", "nkey", "user", contextPassword, contextToken}, key):
		case elsewhere && strings.HasPrefix(key, "jetstream_"):
		case key == "user":
			f.Set(path, value, origin)
			f.Set("nats.password_file", contextPath(name), origin)
		case key == contextPassword:
		case key == contextToken:
			f.Set("nats.token_file", contextPath(name), origin)
		case !f.Has(path):
			f.Set(path, value, origin)
		}
	}
}

// contextSecret is the key of the secret where it stands in a context.
func contextSecret(n *config.NATS) string {
	path := contextPath(n.Context)
	switch {
	case n.Context == "":
	case n.PasswordFile == path:
		return contextPassword
	case n.TokenFile == path:
		return contextToken
	}
	return ""
}

// readContext returns what a context sets, as text, or why it cannot be used. Secrets are not among it, only that
// they are there.
func readContext(name string) (map[string]string, error) {
	if name != filepath.Base(name) || strings.Contains(name, "..") || strings.ContainsAny(name, `/\`) {
		return nil, fmt.Errorf("%q is not the name of a context: `nats context ls` lists them", name)
	}
	text, err := secretfile.Read(context.Background(), contextPath(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf(
			"there is no %s: %s; $XDG_CONFIG_HOME, or else ~/.config of the user who runs the bridge, has "+
				"nats/context", contextPath(name), knownContexts())
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be used: %w", contextPath(name), err)
	}
	var object map[string]any
	if json.Unmarshal([]byte(text), &object) != nil {
		return nil, fmt.Errorf("%s is not a JSON object: `nats context edit %s` mends it", contextPath(name), name)
	}
	return contextValues(name, object)
}

// contextValues refuses what a context asks for and the bridge cannot do, all of it at once.
func contextValues(name string, object map[string]any) (map[string]string, error) {
	values := map[string]string{}
	var unknown []string
	for _, key := range slices.Sorted(maps.Keys(object)) {
		text, isText := object[key].(string)
		yes, isBool := object[key].(bool)
		_, known := contextKeys[key]
		secret := key == contextPassword || key == contextToken
		switch {
		case object[key] == nil, isText && text == "", isBool && !yes, slices.Contains(idleContextKeys, key):
		case isBool && key == "tls_first":
			values[key] = "true"
		case !isText || !known && !secret || key == "tls_first":
			unknown = append(unknown, key)
		case referenced(text) && key != "url":
			return nil, fmt.Errorf(
				"the context %s refers to its %s by a URL: only files, and secrets in the context itself, "+
					"can be used here", name, key)
		case secret:
			values[key] = ""
		case key == "user", key == "url", strings.HasPrefix(key, "jetstream_"), key == "inbox_prefix":
			values[key] = text
		default:
			values[key] = expand(text)
		}
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf(
			"the context %s sets %s, which the bridge does not know: write the settings of nats out "+
				"instead, or use another context",
			name, strings.Join(unknown, ", "))
	}
	return values, nil
}

// referenced reports whether a value names a place where the nats command line would get the real one.
func referenced(text string) bool {
	for _, scheme := range [...]string{"op://", "nsc://", "env://", "file://", "data:"} {
		if strings.HasPrefix(strings.ToLower(text), scheme) {
			return true
		}
	}
	return false
}

// expand makes a path of what the nats command line takes for one: with a home directory and variables.
func expand(path string) string {
	path = os.ExpandEnv(path)
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || rest[0] == '/' || rest[0] == filepath.Separator) {
		if home, err := os.UserHomeDir(); err == nil {
			return home + rest
		}
	}
	return path
}

func contextPath(name string) string { return filepath.Join(contextDir(), name+".json") }

// contextDir is where the nats command line keeps contexts.
func contextDir() string {
	parent := os.Getenv("XDG_CONFIG_HOME")
	if parent == "" {
		parent = expand("~/.config")
	}
	return filepath.Join(parent, "nats", "context")
}

// knownContexts names the contexts that there are.
func knownContexts() string {
	files, _ := filepath.Glob(filepath.Join(contextDir(), "*.json"))
	if len(files) == 0 {
		return "there is no context at all"
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), ".json")
	}
	return "there are " + strings.Join(files[:min(len(files), 8)], ", ")
}
