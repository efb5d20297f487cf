package main

import (
	"context"
	"net/http"
	"time"

	"momento-bridge/test/lab"
)

// retryAfter refuses each 20th request and wishes to be left alone for 3 s from when the answer is written. What was on
// its way is told apart: it came within 50 ms.
func retryAfter(ctx context.Context, b *bench) error {
	const wish, onItsWay = 3 * time.Second, 50 * time.Millisecond
	recorder, err := lab.NewRecorder()
	if err != nil {
		return err
	}
	var refused time.Time
	requests, refusals, early, crossing := 0, 0, 0, 0
	smallest := time.Hour
	recorder.Answer = func(at time.Time, _ []byte) (int, int) {
		requests++
		if since := at.Sub(refused); !refused.IsZero() && since < onItsWay {
			crossing++
		} else if !refused.IsZero() {
			if since < wish {
				early++
			}
			smallest = min(smallest, since)
			refused = time.Time{}
		}
		if requests%20 == 0 {
			refusals++
			refused = at // Until the answer has been written.
			return http.StatusTooManyRequests, int(wish.Seconds())
		}
		return 0, 0
	}
	recorder.Refused = func(at time.Time) { refused = at }
	stop := recorder.Start(ctx)
	defer stop()
	r, err := b.newRoute(ctx)
	if err != nil {
		return err
	}
	defer r.close(ctx)
	if err := r.fill(ctx, 3000, plain); err != nil {
		return err
	}
	d, err := b.bridge(ctx, r, bridgeConfig{endpoint: recorder.Address, limits: "rate: auto"})
	if err != nil {
		return err
	}
	defer d.Kill()
	time.Sleep(b.length(40*time.Second, 12*time.Second))
	d.Kill()
	stop()
	b.print(early == 0 && refusals > 1, early == 0 && refusals > 1,
		"Retry-After 3 s on each 20th request: %d requests, %d refusals, %d too early, smallest wait %v, %d crossed "+
			"the answer",
		requests, refusals, early, smallest.Round(time.Millisecond), crossing)
	return nil
}
