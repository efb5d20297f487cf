package daemon

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"

	"momento-bridge/config"
)

// weakCase is a configuration, in which DIR is a directory with the files of the test, and what is said of it.
type weakCase struct {
	name, text string
	modes      map[string]os.FileMode // Of files in DIR, which are 0600 otherwise.
	want       []string               // A part of each warning, in their order; none: nothing is said.
}

const quiet = "momento: {endpoint: \"http://127.0.0.1:1\", api_key_file: DIR/key}\n"

var weakCases = []weakCase{
	{name: "nothing", text: quiet},
	{
		name: "the key of another region", text: "momento: {region: us-east-1, api_key_file: DIR/west}\n",
		want: []string{"the API key is for us-west-2, and momento.region is us-east-1, which will refuse it: use the " +
			"key"},
	},
	{name: "the key of that region", text: "momento: {region: us-west-2, api_key_file: DIR/west}\n"},
	{name: "the key names the endpoint", text: "momento: {api_key_file: DIR/west}\n"},
	{
		name: "the key of another cell",
		text: "momento: {endpoint: cell-9.prod.a.momentohq.com, api_key_file: DIR/west}\n",
		want: []string{"momento.endpoint is api.cache.cell-9.prod.a.momentohq.com, which will refuse it"},
	},
	{
		name: "the key in the query",
		text: "momento: {endpoint: \"http://127.0.0.1:1\", api_key_file: DIR/key, auth: query}\n",
		want: []string{"access logs: use auth: header"},
	},
	{
		name: "a password without TLS", text: quiet + "nats: {url: \"nats://far:4222, nats://127.0.0.1\", user: u, " +
			"password_file: DIR/pw}\n",
		want: []string{"the password or token goes to far in the clear, unless the server asks for TLS: write tls://"},
	},
	{name: "a token with TLS", text: quiet + "nats: {url: \"tls://far\", token_file: DIR/pw}\n"},
	{name: "a token with TLS at once", text: quiet + "nats: {url: far, token_file: DIR/pw, tls: {handshake_first: " +
		"true}}\n"},
	{name: "a token on this machine", text: quiet + "nats: {url: \"localhost,[::1]:4222\", token_file: DIR/pw}\n"},
	{name: "a seed that is not sent", text: quiet + "nats: {url: far, nkey_file: DIR/seed}\n"},
	{
		name: "a password in the URL", text: quiet + "nats: {url: \"u:hush@far\"}\n",
		want: []string{"goes to far in the clear", "nats.url holds a password or a token"},
	},
	{
		name: "an open listener", text: quiet + "admin: {listen: \":9464\"}\n",
		want: []string{"admin.listen :9464 is open to other machines"},
	},
	{
		name: "open profiles", text: quiet + "admin: {listen: \"0.0.0.0:9464\", pprof: true}\n",
		want: []string{"admin.listen", "admin.pprof: whoever reaches 0.0.0.0:9464 can read what is in the memory"},
	},
	{
		name: "tokens without TLS", text: quiet + "admin: {listen: \"0.0.0.0:9464\", control: DIR/pw}\n",
		modes: map[string]os.FileMode{"pw": 0o644},
		want: []string{"admin.listen", "admin.control: tokens go to 0.0.0.0:9464 in the clear", "admin.control: " +
			"DIR/pw may"},
	},
	{
		name: "a listener with a web configuration", modes: map[string]os.FileMode{"web": 0o604},
		text: quiet + "admin: {listen: \"0.0.0.0:9464\", pprof: true, web_config_file: DIR/web}\n",
		want: []string{"admin.web_config_file: DIR/web may be read by all users"},
	},
	{name: "a Unix socket", text: quiet + "admin: {listen: \"unix:DIR/s\", pprof: true}\n"},
	{name: "profiles on this machine", text: quiet + "admin: {pprof: true}\n"},
	{
		name: "a key that all may read", text: quiet, modes: map[string]os.FileMode{"key": 0o644},
		want: []string{"key may be read by all users (mode 0644): chmod 600 "},
	},
	{
		name: "a password that the group may read", modes: map[string]os.FileMode{"pw": 0o640},
		text: quiet + "nats: {user: u, password_file: DIR/pw}\n",
		want: []string{"nats.password_file: DIR/pw may be read by its group (mode 0640)"},
	},
	{
		name: "headers and a body that all may read", modes: map[string]os.FileMode{"headers": 0o604, "pw": 0o604},
		text: "momento: {endpoint: \"http://127.0.0.1:1\", api_key_url: \"https://h/k\", api_key_url_method: POST, " +
			"api_key_url_headers_file: DIR/headers, api_key_url_body_file: DIR/pw}\n",
		want: []string{"momento.api_key_url_headers_file: ", "momento.api_key_url_body_file: "},
	},
	{
		name: "a configuration that all may write", text: quiet, modes: map[string]os.FileMode{"config.yaml": 0o666},
		want: []string{"the configuration DIR/config.yaml may be written by all users"},
	},
	{
		name: "a state directory that all may write", text: quiet + "state_dir: DIR/state\n",
		modes: map[string]os.FileMode{"state": 0o777},
		want:  []string{"state_dir DIR/state may be written by all users"},
	},
	{
		name: "a learned quota without a limit", text: quiet + "limits: {rate: unlimited, caches: {c: {rate: auto}}}\n",
		want: []string{"limits.rate: unlimited with rate: auto for c"},
	},
}

// seed returns the seed of a new NATS user.
func seed(t *testing.T) string {
	t.Helper()
	user, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	text, err := user.Seed()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWeaknessesOfAConfigurationAreToldWithWhatToDo(t *testing.T) {
	t.Parallel()
	for _, tt := range weakCases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			west := base64.StdEncoding.EncodeToString([]byte(
				`{"endpoint":"cell-4-us-west-2-1.prod.a.momentohq.com","api_key":"a.b.c"}`))
			text := strings.ReplaceAll(tt.text, "DIR", dir) + "routes: [{name: a, subject: a, cache: c}]\n"
			for name, content := range map[string]string{
				"key": "opaque", "web": "basic_auth_users: {}\n", "west": west, "pw": "hush-hush-hush-hush",
				"headers": "A: b", "config.yaml": text, "seed": seed(t),
			} {
				write(t, filepath.Join(dir, name), content)
			}
			if err := os.Mkdir(filepath.Join(dir, "state"), 0o700); err != nil {
				t.Fatal(err)
			}
			for name, mode := range tt.modes { // The mode of a new file depends on the umask.
				if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
					t.Fatal(err)
				}
			}
			f := config.Read(filepath.Join(dir, "config.yaml"), []byte(text))
			f.Validate()
			p := NewPlan(f)
			if err := f.Err(); err != nil {
				t.Fatal(err)
			}
			wantTexts(t, strings.ReplaceAll(strings.Join(weaknessesOf(p), "\n"), dir, "DIR"), tt.want)
		})
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantTexts wants as many lines as there are wanted parts, each with its part.
func wantTexts(t *testing.T, lines string, want []string) {
	t.Helper()
	got := slices.DeleteFunc(strings.Split(lines, "\n"), func(s string) bool { return s == "" })
	if len(got) != len(want) {
		t.Fatalf("%d warnings, want %d:\n%s", len(got), len(want), lines)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) || strings.Contains(got[i], "hush") {
			t.Errorf("%q, want %q in it", got[i], want[i])
		}
	}
}
