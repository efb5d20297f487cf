package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// VersionKey is the variable of the environment that chooses the nats-server which StartNATS and StartCluster start,
// such as v2.10.27. Without it they start the one of go.mod.
const VersionKey = "NATS_SERVER_VERSION"

// chosenNATS returns the program that the environment chooses.
func (l *Lab) chosenNATS(ctx context.Context) (string, error) {
	// Asked each time, while tests run, so that go test knows that results depend on it.
	if version := os.Getenv(VersionKey); version != "" {
		return InstallNATS(ctx, version)
	}
	return l.NATSServer, nil
}

// InstallNATS builds a release of nats-server, unless that has been done before, and returns the program. The module
// proxy has the source. Programs are kept in the user's cache directory.
func InstallNATS(ctx context.Context, version string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache directory: %w", err)
	}
	dir := filepath.Join(cache, "momento-bridge-lab")
	program := filepath.Join(dir, "nats-server-"+version)
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the cache directory: %w", err)
	}
	scratch, err := os.MkdirTemp(dir, "install-") // Beside it, so that it can be renamed: others may do the same.
	if err != nil {
		return "", fmt.Errorf("make a directory to build in: %w", err)
	}
	defer os.RemoveAll(scratch)
	install := exec.CommandContext(ctx, "go", "install", "-ldflags", "-s -w",
		"github.com/nats-io/nats-server/v2@"+version)
	install.Env = append(os.Environ(), "GOBIN="+scratch, "GOFLAGS=")
	install.Dir = scratch
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("install nats-server %s: %w\n%s", version, err, out)
	}
	if err := os.Rename(filepath.Join(scratch, "nats-server"), program); err != nil {
		return "", fmt.Errorf("keep nats-server %s: %w", version, err)
	}
	return program, nil
}
