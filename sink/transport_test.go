package sink

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"momento-bridge/sink/key"
)

func TestVendingMachineIsVerifiedByTheRootsInTheFile(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "the-token")
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	server.StartTLS()
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, ca, certificatePEM(server.Certificate().Raw))
	fetch := func(caFile string) (key.Key, error) {
		t.Helper()
		through, err := VendorTransport(server.URL, nil, caFile)
		if err != nil {
			t.Fatal(err)
		}
		return key.NewVendor(key.VendorConfig{URL: server.URL, Transport: through}).Fetch(t.Context())
	}
	if k, err := fetch(ca); err != nil || k.Reveal() != "the-token" {
		t.Errorf("with the roots: %v, %v", k, err)
	}
	if _, err := fetch(""); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("without them: %v", err)
	}
}
