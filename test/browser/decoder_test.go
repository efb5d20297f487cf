package browser

import (
	"bytes"
	"compress/flate"
	_ "embed"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// decoderPage gives the decoder for JavaScript the vectors, and says what is wrong.
//
//go:embed decoder.html
var decoderPage []byte

// said is what the page says.
type said struct {
	Agent   string   `json:"agent"`
	Wrong   []string `json:"wrong"`
	Checked int      `json:"checked"`
}

func TestDecoderPassesTheVectorsInChromium(t *testing.T) {
	url, heard := serveDecoder(t)
	openTab(t).open(url)
	checkSaid(t, heard)
}

func TestDecoderPassesTheVectorsInFirefox(t *testing.T) {
	firefox, err := exec.LookPath("firefox-esr")
	if err != nil {
		t.Skip("firefox-esr is not on the PATH; CI has it")
	}
	url, heard := serveDecoder(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "user.js"), []byte(firefoxSettings), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(firefox, "--headless", "--no-remote", "--profile", dir, url)
	cmd.Env = append(os.Environ(), "HOME="+dir, "MOZ_CRASHREPORTER_DISABLE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	p, err := rig.StartCommand(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-p.PID(), syscall.SIGKILL) // With the processes of its tabs.
		p.Kill()
	})
	checkSaid(t, heard)
}

// firefoxSettings let it have no traffic but with this machine, and ask nothing.
const firefoxSettings = `
user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", 9);
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", 9);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
`

// serveDecoder serves the page with the decoder, and passes on what the page says.
func serveDecoder(t *testing.T) (url string, heard <-chan said) {
	t.Helper()
	answers := make(chan said, 1)
	bomb := bombOf(t, 64<<20)
	mux := http.NewServeMux()
	mux.Handle("/batch/", http.FileServer(http.Dir(root)))
	mux.HandleFunc("GET /bomb", func(w http.ResponseWriter, _ *http.Request) { w.Write(bomb) })
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { w.Write(decoderPage) })
	mux.HandleFunc("POST /said", func(_ http.ResponseWriter, r *http.Request) {
		var s said
		if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
			s.Wrong = []string{err.Error()}
		}
		select {
		case answers <- s:
		default:
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL, answers
}

// bombOf is a packed batch whose body has so many zeros.
func bombOf(t *testing.T, size int) []byte {
	t.Helper()
	out := bytes.NewBuffer([]byte{0xf5, 1, 1})
	w, err := flate.NewWriter(out, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(make([]byte, size))
	w.Close()
	return out.Bytes()
}

func checkSaid(t *testing.T, heard <-chan said) {
	t.Helper()
	select {
	case s := <-heard:
		t.Logf("%s: %d cases", s.Agent, s.Checked)
		for _, wrong := range s.Wrong {
			t.Error(wrong)
		}
		if s.Checked < 150 {
			t.Errorf("%d cases were checked", s.Checked)
		}
	case <-time.After(3 * time.Minute):
		t.Fatal("the page has said nothing within three minutes")
	}
}
