package builds

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/test/lab"
	"momento-bridge/test/long"
)

// The go command stamps a build with what git says. A build without git has the version of the linker, or dev.
func TestVersionFollowsFromTagsAndTheWorkTree(t *testing.T) {
	long.Only(t)
	tree := copyTree(t)
	expect := func(when, want string, linker ...string) string {
		t.Helper()
		program := tree.build(linker...)
		if got := tree.versionOf(program); got != want {
			t.Errorf("%s it says %q, want %q", when, got, want)
		}
		return program
	}
	expect("without a repository", "dev")
	expect("without a repository, with the linker's", "v0.3.1", "-X", "main.version=v0.3.1")
	tree.run("git", "init", "-q")
	revision := tree.commit()
	const moment = "20260131060000-"
	expect("without a tag", "v0.0.0-"+moment+revision)
	tree.run("git", "tag", "v0.3.0")
	everywhere(t, expect("at a tag", "v0.3.0"), "v0.3.0")
	tree.write("NEW", "")
	expect("at a tag with a new file", "v0.3.0+dirty")
	revision = tree.commit()
	expect("after a tag", "v0.3.1-0."+moment+revision)
}

// everywhere expects that metrics, status and the requests to the endpoint say the same version.
func everywhere(t *testing.T, program, version string) {
	t.Helper()
	var agent atomic.Value
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		agent.Store(r.UserAgent())
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(endpoint.Close)
	l, err := lab.NewWithNATS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Stop)
	l.Bridge = program
	daemon, err := l.StartDaemon(t.Context(), "--subject", "a", "--cache", "c", "--endpoint", endpoint.URL)
	if err != nil {
		t.Fatal(err)
	}
	conn, _, err := lab.Connect(l.NATS)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if err := conn.Publish("a", []byte("one")); err != nil {
		t.Fatal(err)
	}
	lab.Eventually(t, time.Minute, "the message is published", func() bool { return agent.Load() != nil })
	if got := agent.Load(); got != "momento-bridge/"+version {
		t.Errorf("the endpoint is told %q", got)
	}
	if n := daemon.Metric("momento_bridge_build_info", `version="`+version+`"`); n != 1 {
		t.Errorf("build_info is not of %s: %v", version, daemon.Metrics())
	}
	if _, status := daemon.Get("/api/v1/status"); !strings.Contains(strings.ReplaceAll(status, " ", ""), `"version":"`+version+`"`) {
		t.Errorf("the status is not of %s: %s", version, lab.Brief(status))
	}
}

func TestSlimBuildLinksNoNATSServer(t *testing.T) {
	t.Parallel()
	const server = "github.com/nats-io/nats-server"
	tree := tree{t, "../.."}
	for _, tags := range []string{"", "slim"} {
		deps := tree.run("go", "list", "-deps", "-tags", tags, "./cmd/momento-bridge")
		if has := strings.Contains(deps, server); has != (tags == "") {
			t.Errorf("with the tags %q: links the NATS server: %v", tags, has)
		}
	}
}

func TestModulePathIsChangedByOneCommandAndBack(t *testing.T) {
	long.Only(t)
	const module, version = "example.com/you/momento-bridge", "v1.2.3"
	tree := copyTree(t)
	tree.run("git", "init", "-q")
	tree.commit()
	tree.run("go", "run", "./module", module)
	tree.run("go", "build", "-trimpath", "./...")
	tree.run("go", "vet", "-trimpath", "./...")
	for _, nested := range []string{"test/browser", "test/cloudevents", "test/momentosdk"} {
		tree.run("go", "-C", nested, "list", "-deps", "-test", "./...") // go.mod and imports agree.
	}
	if got := tree.versionOf(tree.installed(module, version)); got != version {
		t.Errorf("after go install %s@%s it says %s", module, version, got)
	}
	tree.run("go", "run", "./module", "momento-bridge")
	if changed := tree.run("git", "diff", "--stat", "HEAD"); changed != "" {
		t.Errorf("back again, these differ:\n%s", changed)
	}
}

// installed installs the program by its module's version, from a proxy of the tree's own, and returns its path.
func (r tree) installed(module, version string) string {
	r.t.Helper()
	proxy, bin := r.t.TempDir(), r.t.TempDir()
	at := filepath.Join(proxy, filepath.FromSlash(module), "@v")
	if err := os.MkdirAll(at, 0o700); err != nil {
		r.t.Fatal(err)
	}
	prefix := module + "@" + version + "/"
	r.run("git", "add", "-A")
	zip := filepath.Join(at, version+".zip")
	archive := []string{"archive", "--format=zip", "--prefix=" + prefix, "-o", zip, r.run("git", "write-tree"), "."}
	for nested := range strings.FieldsSeq(r.run("git", "ls-files", "*/go.mod")) {
		archive = append(archive, ":(exclude)"+strings.TrimSuffix(nested, "/go.mod")) // They are modules of their own.
	}
	r.run("git", archive...)
	mod, err := os.ReadFile(filepath.Join(r.dir, "go.mod"))
	if err != nil {
		r.t.Fatal(err)
	}
	for name, text := range map[string]string{
		"list": version + "\n", version + ".info": `{"Version":"` + version + `"}`, version + ".mod": string(mod),
	} {
		if err := os.WriteFile(filepath.Join(at, name), []byte(text), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	// Whoever else has a module of this name in the cache is not asked.
	known := "file://" + r.run("go", "env", "GOMODCACHE") + "/cache/download"
	r.run("env", "GOBIN="+bin, "GOMODCACHE="+r.t.TempDir(), "GOSUMDB=off", "GOPROXY=file://"+proxy+","+known, "go",
		"install", "-modcacherw", "-trimpath", "-tags", "slim", module+"/cmd/momento-bridge@"+version)
	return filepath.Join(bin, "momento-bridge")
}
