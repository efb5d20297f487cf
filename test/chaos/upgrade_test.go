package chaos

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"momento-bridge/test/lab"
)

// The servers of a cluster are replaced one after the other by those of the release in go.mod, while messages are in
// flight. NATS_SERVER_VERSION says what they are before; without it this is a rolling restart.
func TestOrderHoldsThroughARollingUpgradeOfTheServers(t *testing.T) {
	t.Parallel()
	before := os.Getenv(lab.VersionKey)
	if before == "" {
		longOnly(t)
	}
	servers, n := startCluster(t)
	if version := release(servers[0]); before != "" && version != strings.TrimPrefix(before, "v") {
		t.Fatalf("the servers are %s, want %s", version, before)
	}
	s := startOrderWith(t, n, 0, settings{more: "limits: {rate: 600}"}, true)
	for _, server := range servers {
		s.flows(200)
		_ = server.Stop() // Old ones end with an exit status of 1.
		s.flows(200)
		server.Program = rig.NATSServer
		must(t, server.Start(t.Context()))
		lab.Eventually(t, 2*patience, "the new server has caught up", func() bool { return healthy(server) })
	}
	s.flows(200)
	after := release(servers[0])
	for _, server := range servers {
		if version := release(server); version != after || version == "" {
			t.Errorf("servers are %q and %q after the upgrade", after, version)
		}
	}
	const connections = 64 // What is in flight when a server ends may come twice, and acknowledgements that it had.
	s.end("three servers from "+before+" to "+after, len(servers)*(connections*pipelined()+16))
}

func healthy(server *lab.NATS) bool {
	resp, err := http.Get(server.Monitor + "/healthz")
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// release returns what a server says it is, such as 2.10.27; empty if it does not answer.
func release(server *lab.NATS) string {
	resp, err := http.Get(server.Monitor + "/varz")
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	var answer struct {
		Version string `json:"version"`
	}
	_ = json.NewDecoder(resp.Body).Decode(&answer)
	return answer.Version
}
