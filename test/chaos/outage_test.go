package chaos

import (
	"fmt"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

func TestEndpointOutageLosesNothing(t *testing.T) {
	t.Parallel()
	n := startNATS(t)
	n.consumer(n.stream("S", "s.>"), pick(3*time.Second, 8*time.Second, 8*time.Second))
	e := startEndpoint(t, nil)
	const rate = 200
	messages := rate * pick(6, 20, 60)
	n.publish(0, messages)
	d := startDaemon(t, settings{
		nats: n.Address, endpoint: e.url, momento: "  timeout: 500ms",
		more: fmt.Sprintf("limits: {rate: %d}", rate),
	}.write(t))
	began := time.Now()
	e.await(rate, 5*patience)
	e.stop()
	lab.Eventually(t, 5*patience, "the endpoint down, and what was in flight back", func() bool {
		return d.Metric("momento_bridge_endpoint_down", "") == 1 &&
			d.Metric("momento_bridge_messages_in_flight", "") <= 1
	})
	attempted := func() float64 { return d.Metric("momento_bridge_publish_attempts_total", "") }
	lab.Eventually(t, 5*patience, "every connection has seen its end, however busy the machine is", func() bool {
		before := attempted()
		time.Sleep(time.Second)
		return attempted()-before <= 1
	})
	outage := pick(5*time.Second, 15*time.Second, 3*time.Minute)
	down, cpu, attempts := time.Now(), d.CPU(), attempted()
	time.Sleep(outage)
	probes, took := attempted()-attempts, time.Since(down)
	if probes > took.Seconds()+2 {
		t.Errorf("%g attempts in %v, want one probe a second at the most", probes, took)
	}
	used := (d.CPU() - cpu).Seconds() / took.Seconds()
	back := time.Now()
	e.start()
	recovered := e.firstAfter(back)
	e.await(messages-2*rate, 5*patience)
	lastSecond := e.since(time.Now().Add(-2*time.Second)) / 2
	e.await(messages, 5*patience)
	busiest := e.busiestSecond(began)
	t.Logf("outage %v: %.2f %% of a core, first publish %v after it, then %d/s, at most %d in a second", took, 100*used,
		recovered, lastSecond, busiest)
	timely(t, used <= 0.02, "%.1f %% of a core while the endpoint is down", 100*used)
	timely(t, recovered < 10*time.Second, "the first publish came %v after the outage", recovered)
	timely(t, lastSecond >= rate*9/10, "%d/s after the outage, want %d/s", lastSecond, rate)
	timely(t, busiest <= rate+rate/10, "%d in one second, the rate is %d/s", busiest, rate)
	n.awaitSettled()
}
