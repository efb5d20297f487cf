package source

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
	"momento-bridge/test/lab"
)

func portOf(address string) int {
	_, port, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(port)
	return number
}

// startCluster starts three servers with JetStream.
func startCluster(t *testing.T) []*server.Server {
	t.Helper()
	addresses := make([]string, 3)
	routes := make([]*url.URL, 3)
	for i := range addresses {
		addresses[i] = lab.FreeAddress()
		routes[i] = &url.URL{Scheme: "nats", Host: addresses[i]}
	}
	servers := make([]*server.Server, 3)
	var starting sync.WaitGroup
	for i, address := range addresses {
		number := portOf(address)
		starting.Go(func() {
			servers[i] = startServer(t, server.Options{
				ServerName: fmt.Sprint("n", i), JetStream: true, StoreDir: t.TempDir(), Routes: routes,
				Cluster:          server.ClusterOpts{Name: "C", Host: "127.0.0.1", Port: number},
				LameDuckDuration: time.Second, LameDuckGracePeriod: 200 * time.Millisecond,
			})
		})
	}
	starting.Wait()
	if t.Failed() {
		t.FailNow()
	}
	eventually(t, "a leader of the cluster", func() bool {
		return slices.ContainsFunc(servers, (*server.Server).JetStreamIsLeader)
	})
	return servers
}

// replicated starts a cluster with a replicated stream S of a.>, a route's connection to it and a publisher's.
func replicated(t *testing.T) (servers []*server.Server, conn, publisher *nats.Conn) {
	t.Helper()
	servers = startCluster(t)
	urls := servers[0].ClientURL() + "," + servers[1].ClientURL() + "," + servers[2].ClientURL()
	conn, publisher = connect(t, ConnectConfig{URL: urls}), connect(t, ConnectConfig{URL: urls})
	js := jetStream(t, publisher)
	eventually(t, "created the stream", func() bool {
		_, err := js.CreateStream(t.Context(),
			jetstream.StreamConfig{Name: "S", Subjects: []string{"a.>"}, Replicas: 3})
		return err == nil
	})
	return servers, conn, publisher
}

// recovery is how long it may take: seconds as a rule, but what was on its way on a connection that ends comes again
// after AckWait only, a minute.
const recovery = 90 * time.Second

func changeLeaders(t *testing.T, conn *nats.Conn) {
	t.Helper()
	eventually(t, "told to change leaders", func() bool {
		_, err := conn.Request("$JS.API.CONSUMER.LEADER.STEPDOWN.S.momento-bridge-r", nil, time.Second)
		return err == nil
	})
}

// A replicated consumer changes its leader, and the server that the client is connected to retires. Nothing is lost,
// and the client goes on.
func TestClusterMayChangeLeadersAndRetireServers(t *testing.T) {
	t.Parallel()
	servers, conn, publisher := replicated(t)
	// While there is no leader nobody answers.
	js := jetStream(t, publisher, jetstream.WithDefaultTimeout(5*time.Second))
	var mu sync.Mutex
	got := map[string]int{}
	s := startStage(t, newJetStream(t, conn), pipeline.RouteConfig{Returnable: true}, 1000,
		func(r *pipeline.Request) pipeline.Answer {
			mu.Lock()
			defer mu.Unlock()
			got[string(r.Payload)]++
			return accepted(r)
		})
	sent := 0
	send := func(n int) {
		for range n {
			eventually(t, "stored", func() bool {
				_, err := js.Publish(t.Context(), "a.b", strconv.AppendInt(nil, int64(sent), 10))
				return err == nil
			})
			sent++
		}
	}
	delivered := func() bool { mu.Lock(); defer mu.Unlock(); return len(got) == sent }
	send(50)
	eventually(t, "delivered", delivered)
	for range 2 {
		changeLeaders(t, publisher)
		send(50)
		within(t, recovery, "delivered after a change of leaders", delivered)
	}
	for i, one := range servers {
		if one.ID() == conn.ConnectedServerId() {
			go servers[i].LameDuckShutdown()
		}
	}
	send(50)
	within(t, recovery, "delivered after a server has retired", delivered)
	s.stop()
}

// The consumer's leader changes under load: what the last one delivered and nobody got goes first.
func TestOrderHoldsThroughChangesOfLeaders(t *testing.T) {
	t.Parallel()
	_, conn, publisher := replicated(t)
	f := newFirsts()
	src, log := ordered(t, conn)
	s := startSettled(t, src, f)
	const topics, messages, changes = 20, 4000, 4
	go numbered(t, publisher, topics, 0, messages)
	for i := range changes {
		within(t, recovery, "published", func() bool { return f.count() > (i+1)*messages/(changes+2) })
		changeLeaders(t, publisher)
	}
	within(t, recovery, "all published", func() bool { return f.count() == messages })
	t.Logf("settled in %s", settledIn(log))
	s.stop()
	f.want(t, changes*8)
}
