package key

import (
	"context"
	"strings"
	"testing"
)

// Whoever reads /run/credentials/… does not know that it is a copy, which systemd makes when the service starts.
func TestErrorsOfACredentialNameTheFileThatSystemdCopies(t *testing.T) {
	const path = "/run/credentials/of-nobody.service/api-key"
	_, missing := readKey(context.Background(), path)
	_, empty := keyOf(path, "\n")
	_, elsewhere := keyOf("/etc/keys/api-key", "\n")
	if want := "--api-key-file /etc/momento-bridge/api-key"; !strings.Contains(missing.Error(), want) {
		t.Errorf("%v, want %q in it", missing, want)
	}
	if want := "the API key is empty; systemd copied it"; !strings.Contains(empty.Error(), want) {
		t.Errorf("%v, want %q in it", empty, want)
	}
	if strings.Contains(elsewhere.Error(), "systemd") {
		t.Errorf("%v, of a file that systemd does not copy", elsewhere)
	}
}
