package chaos

import (
	"fmt"
	"testing"
	"time"
)

func TestEndpointOutageLosesNothing(t *testing.T) {
	t.Parallel()
	n := startNATS(t)
	n.consumer(n.stream("S", "s.>"), 8*time.Second)
	e := startEndpoint(t, nil)
	const rate = 200
	messages := rate * pick(20, 60)
	n.publish(0, messages)
	d := startDaemon(t, settings{nats: n.addr, endpoint: e.url, momento: "  timeout: 500ms", more: fmt.Sprintf("limits: {rate: %d}", rate)}.write(t))
	began := time.Now()
	e.await(rate, 20*time.Second)
	e.stop()
	time.Sleep(time.Second)
	outage := pick(15*time.Second, 3*time.Minute)
	cpu, attempts := d.cpu(), d.metric("momento_bridge_publish_attempts_total", "")
	time.Sleep(outage)
	if probes := d.metric("momento_bridge_publish_attempts_total", "") - attempts; probes > outage.Seconds()+2 {
		t.Errorf("%g attempts in %v, want one probe a second at the most", probes, outage)
	}
	used := (d.cpu() - cpu).Seconds() / outage.Seconds()
	back := time.Now()
	e.start()
	recovered := e.firstAfter(back)
	time.Sleep(10*time.Second - time.Since(back))
	lastSecond := e.since(time.Now().Add(-2*time.Second)) / 2
	e.await(messages, time.Duration(messages/rate)*2*time.Second)
	busiest := e.busiestSecond(began)
	t.Logf("outage %v: %.2f %% of a core, first publish %v after it, %d/s within 10 s, at most %d in a second", outage, 100*used, recovered, lastSecond, busiest)
	if used > pick(0.05, 0.02) {
		t.Errorf("%.1f %% of a core while the endpoint is down", 100*used)
	}
	if lastSecond < rate*9/10 {
		t.Errorf("%d/s 10 s after the outage, want %d/s", lastSecond, rate)
	}
	if busiest > rate+rate/10 {
		t.Errorf("%d in one second, the rate is %d/s", busiest, rate)
	}
	eventually(t, 30*time.Second, "everything is acknowledged", n.settled)
}
