package natsmodel

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"momento-bridge/test/lab"
	"momento-bridge/test/long"
)

// A server that is stopped and started again is where it was: what was delivered and not acknowledged, floors and
// numbers. Those who wait are told.
func TestARestartedServerIsWhereTheRealOneIs(t *testing.T) {
	t.Parallel()
	for seed := range uint64(long.Or(1, 4)) {
		p := newPair(t, newRealSide(t), "")
		s := newSchedule(p, 1000+seed, fmt.Sprint("R", seed), time.Hour, 12)
		for range 36 {
			s.step()
			if len(p.differs) > 0 {
				break
			}
		}
		p.report()
	}
}

// newCluster starts three servers. What is asked is asked of the first one.
func newCluster(t *testing.T) *realSide {
	t.Helper()
	routes := make([]*url.URL, 3)
	for i := range routes {
		routes[i] = &url.URL{Scheme: "nats", Host: lab.FreeAddress()}
	}
	sides := make([]*realSide, len(routes))
	for i, route := range routes {
		host, port, _ := net.SplitHostPort(route.Host)
		number, _ := strconv.Atoi(port)
		s := &realSide{t: t, options: server.Options{
			ServerName: fmt.Sprint("n", i), Host: host, Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
			JetStream: true, StoreDir: t.TempDir(), Routes: routes,
			Cluster: server.ClusterOpts{Name: "C", Host: host, Port: number},
		}}
		sides[i] = s
	}
	var starting sync.WaitGroup
	for _, s := range sides {
		starting.Go(s.start)
		t.Cleanup(func() { s.stop() })
	}
	starting.Wait()
	for end := time.Now().Add(time.Minute); !slices.ContainsFunc(sides, func(s *realSide) bool {
		return s.server.JetStreamIsLeader()
	}); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the cluster has no leader")
		}
	}
	return sides[0]
}

// changeLeader gives the consumer another leader, and waits until it is there.
func (p *pair) changeLeader(stream, consumer string) {
	p.note("another leader of %s.%s", stream, consumer)
	info := "$JS.API.CONSUMER.INFO." + stream + "." + consumer
	leader := func() string {
		var body struct {
			Cluster struct {
				Leader string `json:"leader"`
			} `json:"cluster"`
		}
		_ = json.Unmarshal(p.state(p.other["a"], info), &body)
		return body.Cluster.Leader
	}
	before := leader()
	p.state(p.other["a"], "$JS.API.CONSUMER.LEADER.STEPDOWN."+stream+"."+consumer)
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if now := leader(); now != "" && now != before {
			break
		}
		if time.Now().After(end) {
			p.t.Fatal("no other leader was elected")
		}
	}
	p.model.model.ChangeLeader(p.model.now, stream)
	p.model.flush()
	p.compare()
}

// Another leader knows what was delivered and what was acknowledged, and tells those who wait at the old one. What was
// handed back and not delivered again is as if it had not been handed back.
func TestAnotherLeaderKnowsWhatTheRealOneKnows(t *testing.T) {
	long.Only(t)
	t.Parallel()
	p := newPair(t, newCluster(t), "")
	p.model = newModelSide(Config{Replicas: 3})
	p.connect("a")
	p.ask("a", "$JS.API.STREAM.CREATE.S", "", `{"name":"S","subjects":["s.>"],"num_replicas":3}`)
	p.ask("a", "$JS.API.CONSUMER.CREATE.S.D", "",
		`{"stream_name":"S","config":{"durable_name":"D","name":"D","ack_policy":"explicit","ack_wait":3600000000000}}`)
	const info = "$JS.API.CONSUMER.INFO.S.D"
	next := func(body string) { p.ask("a", "$JS.API.CONSUMER.MSG.NEXT.S.D", "", body) }
	for i := range 6 {
		p.ask("a", fmt.Sprint("s.", i), "", "x")
	}
	next(`{"batch":4,"no_wait":true}`)
	p.acknowledge("a", "S.D 1 1", "+ACK")
	p.acknowledge("a", "S.D 3 3", "+ACK")
	p.acknowledge("a", "S.D 2 2", "-NAK")
	p.sync(info)
	p.changeLeader("S", "D")
	p.sync(info)
	next(`{"batch":5,"expires":3600000000000}`)
	p.sync(info)
	p.changeLeader("S", "D")
	p.sync(info)
	p.acknowledge("a", "S.D 4 4", "-NAK")
	next(`{"batch":1,"no_wait":true}`)
	p.acknowledge("a", "S.D 2 2", "+ACK")
	p.acknowledge("a", "S.D 4 7", "+ACK")
	p.sync(info)
	p.report()
}
