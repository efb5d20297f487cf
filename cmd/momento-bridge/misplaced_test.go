package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"momento-bridge/config"
)

// Whoever pastes an API key, or a seed of NATS, into the wrong place of the file is told of it, without the key.
func TestAKeyInTheWrongPlaceIsNotShown(t *testing.T) {
	t.Parallel()
	jwt := "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw"
	secrets := map[string]string{
		"a JWT": jwt,
		"an API key": base64.StdEncoding.EncodeToString([]byte(
			`{"endpoint":"cell-us-east-1-1.prod.a.momentohq.com","api_key":"` + jwt + `"} `)),
		"a seed": "SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU",
	}
	var places []string
	for _, key := range config.Keys() {
		places = append(places, key.Path)
	}
	places = append(places, "", "limits.caches.KEY.rate", "KEY", "routes[0].KEY", "momento.KEY")
	if len(places) < 40 {
		t.Fatalf("there are %d places", len(places))
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	forms := []string{"%q", "[%q]", "http://u:%s@127.0.0.1:1", "%q", "{%q: 1}"}
	turn := 0
	for what, secret := range secrets {
		for _, place := range places {
			form := forms[turn%len(forms)]
			turn++
			text := misplaced(place, secret, fmt.Sprintf(form, secret))
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, log syncBuffer
			_ = run(t.Context(), []string{"check", "-c", path}, &out, &log)
			shown := out.String() + log.String()
			for i := 0; i+8 <= len(secret); i++ {
				if strings.Contains(shown, secret[i:i+8]) {
					t.Errorf("%s in %q as %s is shown:\n%s", what, place, form, shown)
					break
				}
			}
		}
	}
}

// misplaced is a configuration with a value at a path, and what else is needed.
func misplaced(path, secret, value string) string {
	path = strings.NewReplacer("[]", "[0]", ".<name>", ".KEY").Replace(path)
	path = strings.ReplaceAll(path, "KEY", secret)
	if path == "" {
		return value
	}
	section, key, _ := strings.Cut(path, ".")
	if strings.HasPrefix(path, secret) {
		return fmt.Sprintf("%q: %s\n", secret, value)
	}
	if section == "routes[0]" && key != "" {
		fields := "subject: a, cache: c, "
		return "momento: {region: us-east-1}\nroutes:\n  - {" + fields + nested(key, secret, value) + "}\n"
	}
	if key == "" {
		return section + ": " + value + "\n"
	}
	return section + ": {" + nested(key, secret, value) + "}\nroutes: [{name: r, subject: a, cache: c}]\n"
}

// nested is a path with a value in YAML's flow style.
func nested(path, secret, value string) string {
	key, rest := path, ""
	if !strings.HasPrefix(path, secret) {
		key, rest, _ = strings.Cut(path, ".")
	} else if len(path) > len(secret) {
		key, rest = secret, strings.TrimPrefix(path[len(secret):], ".")
	}
	if rest == "" {
		return fmt.Sprintf("%q: %s", key, value)
	}
	return fmt.Sprintf("%q: {%s}", key, nested(rest, secret, value))
}
