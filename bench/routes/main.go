// Command routes measures what many routes on one stream cost: 200 of them with an even load, and one that is hot
// beside 199 idle ones, against one route that carries the same messages, and one that names the 200 subjects; what a
// thousand cost that have nothing to do; and how large payloads come over a slow way. nats-server, nginx and the daemon
// are processes of their own on one machine, in turns within each round; what counts are the ratios within a round, and
// their medians.
//
//	go run ./bench/routes                  # five rounds, six minutes; needs nginx on the PATH
//	go run ./bench/routes -short           # three rounds of less
//	go run ./bench/routes -only even,hot -v
//
// The loops are the floor: a process that does nothing but consume and acknowledge, with a plain pull consumer for each
// route that asks for much at a time. Their rate is of no interest, as they publish nothing; what nats-server needs for
// a message is.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"momento-bridge/test/lab"
)

func main() {
	b := &bench{}
	flag.IntVar(&b.rounds, "rounds", 5, "rounds of each case")
	flag.IntVar(&b.messages, "messages", 200_000, "messages of a run")
	flag.IntVar(&b.routes, "routes", 200, "routes on the stream")
	flag.IntVar(&b.idle, "idle", 1000, "routes that have nothing to do, in the case idle")
	flag.StringVar(&b.other, "other", "", "another momento-bridge, measured beside this one in the case idle")
	flag.StringVar(&b.queue, "queue", "", "the daemon's settings of the queue, such as 'max_messages: 3276800'")
	flag.StringVar(&b.ordering, "ordering", "none", "of the routes")
	flag.StringVar(&b.nginx, "nginx", "nginx", "the nginx program")
	flag.BoolVar(&b.verbose, "v", false, "print every run")
	short := flag.Bool("short", false, "fewer rounds and messages")
	only := flag.String("only", "", "cases, separated by commas: even, hot, loop, large, idle; default all")
	loopURL := flag.String("loop-nats", "", "be the bare loop of this NATS server (for the program itself)")
	loopStream := flag.String("loop-stream", "", "likewise")
	loopConsumers := flag.Int("loop-consumers", 0, "likewise")
	flag.Parse()
	if *loopURL != "" {
		lab.Main(func(ctx context.Context) (bool, error) {
			return false, loop(ctx, *loopURL, *loopStream, *loopConsumers)
		})
		return
	}
	if *short {
		b.rounds, b.messages, b.idleTime = 3, 60_000, 20*time.Second
	} else {
		b.idleTime = time.Minute
	}
	lab.Main(func(ctx context.Context) (bool, error) { return false, b.run(ctx, *only) })
}

// bench is the programs and what the flags say.
type bench struct {
	*lab.Lab

	endpoint *lab.Accepting
	self     string // This program.
	rounds   int
	messages int
	routes   int
	idle     int
	idleTime time.Duration
	other    string
	queue    string
	ordering string
	nginx    string
	verbose  bool
}

func (b *bench) run(ctx context.Context, only string) (err error) {
	if b.Lab, err = lab.NewWithNATS(ctx); err != nil {
		return err
	}
	defer b.Stop()
	if b.self, err = os.Executable(); err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if b.endpoint, err = b.StartAccepting(ctx, b.nginx); err != nil {
		return err
	}
	wanted := func(name string) bool { return only == "" || strings.Contains(","+only+",", ","+name+",") }
	if err := b.fill(ctx); err != nil {
		return err
	}
	if subjects := b.subjects(wanted); len(subjects) > 0 {
		if err := b.compare(ctx, subjects); err != nil {
			return err
		}
	}
	if wanted("large") {
		if err := b.large(ctx); err != nil {
			return fmt.Errorf("large: %w", err)
		}
	}
	if wanted("idle") {
		return b.rest(ctx)
	}
	return nil
}

// subjects are who takes part, each after what it is compared with.
func (b *bench) subjects(wanted func(string) bool) []subject {
	n := b.routes
	var all []subject
	for _, name := range [...]string{even, hot} {
		if !wanted(name) {
			continue
		}
		all = append(
			all, subject{name: name + ", one route", stream: name, routes: 1},
			subject{name: fmt.Sprintf("%s, %d routes", name, n), stream: name, routes: n},
			subject{name: fmt.Sprintf("%s, one of %d subjects", name, n), stream: name, routes: 1, subjects: n},
		)
		if wanted("loop") {
			all = append(
				all, subject{name: name + ", loop of one", stream: name, routes: 1, loop: true},
				subject{name: fmt.Sprintf("%s, loop of %d", name, n), stream: name, routes: n, loop: true},
			)
		}
	}
	return all
}

// The streams: one whose messages are for all routes in turn, and one whose messages are for the first.
const (
	even = "even"
	hot  = "hot"
)

// subject is somebody who carries the messages of a stream.
type subject struct {
	name     string
	stream   string
	routes   int
	subjects int  // Of the only route, each by its own name; 0: one for the whole stream.
	loop     bool // The bare loop, rather than the daemon.
}

// compare has all carry the messages in turns, and reports.
func (b *bench) compare(ctx context.Context, subjects []subject) error {
	figures := make([][]figure, len(subjects))
	for range b.rounds {
		for i, s := range subjects {
			f, err := b.measure(ctx, s)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			if b.verbose {
				fmt.Printf("  %-26s %s\n", s.name, f)
			}
			figures[i] = append(figures[i], f)
		}
	}
	report(subjects, figures)
	return nil
}
