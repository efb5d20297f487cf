package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// groupStatus is what the case reads of a replica's status.
type groupStatus struct {
	Group struct {
		Self    string `json:"self"`
		Members []struct {
			ID     string `json:"id"`
			Keeper bool   `json:"keeper"`
		} `json:"members"`
		Leases []struct {
			Route  string `json:"route"`
			Holder string `json:"holder"`
			Mine   bool   `json:"mine"`
			State  string `json:"state"`
		} `json:"leases"`
	} `json:"group"`
}

func (r *replica) group() (s groupStatus) {
	_, text := r.Get("/api/v1/status")
	_ = json.Unmarshal([]byte(text), &s)
	return s
}

// seen kills the holder and looks when all that is shown is true again.
func seen(ctx context.Context, b *bench) error {
	w, f, err := b.ordered(ctx, settings{}, 3, 200, false)
	if err != nil {
		return err
	}
	defer w.end()
	sleepUntil(ctx, time.Now().Add(3*time.Second))
	for i := range length(b, 3, 1) {
		if i > 0 {
			if _, err := w.startReady(ctx); err != nil {
				return err
			}
			sleepUntil(ctx, time.Now().Add(5*time.Second))
		}
		if err := w.takeoverIsSeen(ctx); err != nil {
			return err
		}
	}
	t, err := w.finish(ctx, f)
	if err != nil {
		return err
	}
	b.print(true, t.lost == 0 && len(t.inversions) == 0, "seen: %v", t)
	return nil
}

func (w *world) takeoverIsSeen(ctx context.Context) error {
	dead, err := w.aim(ctx)
	if err != nil {
		return err
	}
	at := time.Now()
	w.kill(dead)
	took, err := w.another(ctx, dead, at.Add(5*time.Millisecond))
	if err != nil {
		return err
	}
	took += at.Add(5 * time.Millisecond).Sub(at)
	wrong, since := "", time.Duration(0)
	for {
		wrong = w.untrue()
		since = time.Since(at) - took
		if wrong == "" || since > 10*time.Second {
			break
		}
		sleepUntil(ctx, time.Now().Add(50*time.Millisecond))
	}
	w.b.print(false, wrong == "" && since <= 2*time.Second,
		"seen: status, metrics and readiness of %d replicas are true %v after a takeover %s", len(w.replicas),
		since.Round(10*time.Millisecond), wrong)
	table := w.table(ctx)
	holder := w.holder()
	id := holder.group().Group.Self
	w.b.print(false, id != "" && strings.Contains(table, id), "seen: status --group names the holder %s", id)
	w.trace("%s", table)
	return nil
}

// untrue says what a replica shows that is not so; empty: all is.
func (w *world) untrue() string {
	holder := w.holder()
	if holder == nil {
		return "nobody publishes"
	}
	id := holder.group().Group.Self
	for _, r := range w.replicas {
		s := r.group().Group
		switch {
		case len(s.Leases) != 1:
			return fmt.Sprintf("replica %d shows %d leases", r.number, len(s.Leases))
		case len(s.Members) != len(w.replicas):
			return fmt.Sprintf("replica %d shows %d members of %d", r.number, len(s.Members), len(w.replicas))
		case s.Leases[0].Holder != id:
			return fmt.Sprintf("replica %d shows %s as the holder, not %s", r.number, s.Leases[0].Holder, id)
		case s.Leases[0].Mine != (r == holder):
			return fmt.Sprintf("replica %d says of itself that it holds it: %v", r.number, s.Leases[0].Mine)
		case r.Metric("momento_bridge_lease_held", `route="s"`) != map[bool]float64{true: 1}[r == holder]:
			return fmt.Sprintf("the metrics of replica %d show lease_held %v", r.number,
				r.Metric("momento_bridge_lease_held", `route="s"`))
		case r.Metric("momento_bridge_replicas", "") != float64(len(w.replicas)):
			return fmt.Sprintf("the metrics of replica %d show %v replicas", r.number,
				r.Metric("momento_bridge_replicas", ""))
		case !r.Ready():
			return fmt.Sprintf("replica %d is not ready", r.number)
		}
	}
	return ""
}

// table is what `status --group` prints, asked of the first replica.
func (w *world) table(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, w.b.Bridge, "status", "--group", "--admin", w.replicas[0].Admin).
		CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v: %s", err, out)
	}
	return string(out)
}
