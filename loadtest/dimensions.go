package loadtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/figure"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/search"
	"momento-bridge/sink"
)

// Dimensions are what the limit may count, besides publishes.
var Dimensions = []string{"size", "topics", "connections", "caches", "subscribers"}

const (
	// moved is by how much the plateau must change for a dimension to count.
	moved = 0.1
	// hardly is the share of refusals below which there was no overload.
	hardly = 0.01
)

// dimensions finds the plateau again with one property of the publishes changed at a time. What moves it is what the
// limit counts.
func (f *finder) dimensions(ctx context.Context) {
	if len(f.cfg.Dimensions) == 0 || f.result.Plateau == 0 {
		return
	}
	counted, unknown := []string{}, []string{}
	for _, name := range f.cfg.Dimensions {
		for _, v := range f.cfg.variants(name) {
			d, err := f.dimension(ctx, name, v)
			if err != nil {
				return
			}
			f.report.Dimensions = append(f.report.Dimensions, d)
			switch {
			case d.Unfit != "":
				unknown = append(unknown, name)
			case d.Counts:
				counted = append(counted, name)
			}
		}
	}
	f.report.Unit = "publishes"
	if len(counted) > 0 {
		f.report.Unit += ", by " + strings.Join(slices.Compact(counted), " and ")
	}
	if len(unknown) > 0 {
		f.report.Unit += "; it is not known whether by " + strings.Join(slices.Compact(unknown), " or ")
	}
}

// variant is the target with one property changed.
type variant struct {
	value       string
	target      Target
	subscribers bool // One listens to each topic meanwhile.
}

func (c *FindConfig) variants(name string) []variant {
	t := c.Target
	switch name {
	case "size":
		small, large := t, t
		small.Bytes, large.Bytes = 100, 4096
		return []variant{{value: "100 bytes", target: small}, {value: "4096 bytes", target: large}}
	case "topics":
		if t.Topics > 1 {
			t.Topics = 1
			return []variant{{value: "1 topic", target: t}}
		}
		t.Topics = 16
		return []variant{{value: "16 topics", target: t}}
	case "connections":
		t.Connections = max(1, t.Connections/8)
		return []variant{{value: fmt.Sprintf("%d connections", t.Connections), target: t}}
	case "caches":
		if len(t.Caches) > 1 {
			t.Caches = t.Caches[:1]
			return []variant{{value: "1 cache", target: t}}
		}
		return nil // There is no other: see CheckDimensions.
	case "subscribers":
		return []variant{{value: "1 subscriber for each topic", target: t, subscribers: true}}
	}
	return nil
}

// subscribe listens to every topic until the function that it returns is called, which says why that was refused, if it
// was.
func (t *Target) subscribe(ctx context.Context) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	var listening sync.WaitGroup
	var refused atomic.Pointer[sink.SubscribeError]
	for _, cache := range t.Caches {
		for _, topic := range t.TopicNames() {
			listening.Go(func() {
				err := t.endpoint().Subscribe(ctx, sink.Subscription{
					Cache: cache, Topic: topic, Received: func(sink.Item) {}, Gap: func(int) {},
					Brief: true,
				})
				if why, ok := errors.AsType[*sink.SubscribeError](err); ok {
					refused.Store(why)
				}
			})
		}
	}
	return func() error {
		cancel()
		listening.Wait()
		if why := refused.Load(); why != nil {
			return why
		}
		return nil
	}
}

// dimension measures the plateau of a variant.
func (f *finder) dimension(ctx context.Context, name string, v variant) (report.Dimension, error) {
	d := report.Dimension{Name: name, Value: v.value}
	whole := f.engine
	began := f.engine.Now()
	f.engine = drive.New(ctx, v.target.engine())
	defer func() {
		f.engine.Close()
		f.apart.note(f.engine, began)
		f.engine = whole
	}()
	stop := func() error { return nil }
	if v.subscribers {
		stop = v.target.subscribe(ctx)
	}
	// Twice the plateau is an overload for every unit that counts more for these publishes. One that counts less shows
	// as a plateau without refusals.
	rate := min(overload*f.result.Plateau, f.cfg.Search.MaxRate)
	t := f.trial("dimension", search.LevelAt(rate))
	refused := stop()
	switch {
	case t.Fatal != nil || t.Capped != nil:
		return d, cmp.Or(t.Fatal, t.Capped)
	case refused != nil:
		d.Unfit = refused.Error()
		return d, nil
	case !t.Rough(): // What is accepted then is what was sent, rather than what the limit allows.
		d.Unfit = t.Unfit
		return d, nil
	}
	f.compare(&d, &t, rate)
	return d, nil
}

// compare says whether what is accepted in a trial that offered so much is another plateau, or why that is not known.
func (f *finder) compare(d *report.Dimension, t *search.Trial, offered float64) {
	accepted, steady := search.Accepted(t.Phases[0].Events, f.result.Window > 0)
	if accepted == 0 {
		accepted = offered * t.OnTime
	}
	// What was not sent in time may have been accepted, or not.
	low := accepted / f.result.Plateau * f.plateauOnTime()
	high := accepted / f.result.Plateau / t.OnTime
	switch {
	case !steady:
		d.Unfit = "publishes were not accepted at a steady rate"
	case side(low) != side(high):
		d.Unfit = fmt.Sprintf(
			"only %s of the publishes were sent in time, and %s when the plateau was measured",
			figure.Share(t.OnTime), figure.Share(f.plateauOnTime()))
	default:
		d.Plateau, d.Counts = accepted, side(low) != 0
		o := &t.Phases[0]
		d.Unrefused = float64(o.Refused) < hardly*float64(o.Accepted+o.Refused)
	}
}

// side says whether a share of the plateau is less (-1), more (1), or the same (0).
func side(share float64) int {
	switch {
	case share < 1-moved:
		return -1
	case share > 1+moved:
		return 1
	}
	return 0
}

// plateauOnTime is the share of the publishes that were sent in time when the plateau was measured.
func (f *finder) plateauOnTime() float64 {
	for i, t := range slices.Backward(f.result.Trials) {
		if t.Name == "plateau" {
			return f.measured[i].OnTime
		}
	}
	return 1
}

// overload is how much more than the plateau is offered to see what a dimension does to it.
const overload = 2

// CheckDimensions says what is wrong with a list of dimensions.
func (c *FindConfig) CheckDimensions() error {
	for _, name := range c.Dimensions {
		switch {
		case name == "caches" && len(c.Target.Caches) < 2:
			return errors.New("the dimension caches needs a second cache: give --cache twice")
		case name == "subscribers" && c.Target.Topics*len(c.Target.Caches) > sink.MostSubscriptions:
			return fmt.Errorf("the dimension subscribers listens to every topic, and Momento lets an account have %d "+
				"subscriptions in a region: give --topics %d at the most", sink.MostSubscriptions,
				sink.MostSubscriptions/len(c.Target.Caches))
		case c.Search.Gentle:
			return errors.New("dimensions are measured in overload: leave out --no-overload or --dimensions")
		case !slices.Contains(Dimensions, name):
			return fmt.Errorf("unknown dimension %q: it is one of %s", name, strings.Join(Dimensions, ", "))
		}
	}
	return nil
}
