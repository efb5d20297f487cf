// Command cost measures what the daemon costs and how fast it is, against a bare loop that does the same work and
// nothing else (bench/floor), and against any other program. nats-server, nginx, and the program under test are
// processes of their own on one machine, in turns within each round; what counts are the ratios within a round, and
// their medians.
//
//	go run ./bench/cost                  # all cases, five rounds, 40 minutes; needs nginx on the PATH
//	go run ./bench/cost -only js,core -rounds 9 -v
//	go run ./bench/cost -list
//	go run ./bench/cost -only js -other 'mine=path/to/program -with flags'
//
// Another program is started with PB_MODE (core or js), PB_NATS_URL, PB_SUBJECT, PB_STREAM, PB_CONSUMER (a durable pull
// consumer that exists) and PB_SINK_URL, and posts each message there until SIGTERM. The words of its command are split
// at spaces.
//
// CPU is user and system time of the program's own process, from the tenth part of the messages to the last. Every run
// also checks that nginx has answered exactly as many requests as there are messages, and that the consumer has nothing
// left. The exit status is 1 if a check failed. A ratio beyond its line is marked, and fails nothing: machines differ.
// Figures also go to -out, in the format of benchstat.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"momento-bridge/test/lab"
)

func main() {
	b := &bench{}
	flag.IntVar(&b.rounds, "rounds", 5, "rounds of each case")
	flag.IntVar(&b.messages, "messages", 200_000, "messages of a run")
	flag.StringVar(&b.nginx, "nginx", "nginx", "the nginx program")
	flag.BoolVar(&b.verbose, "v", false, "print every run")
	flag.Func("other", "another program for the cases js, core and rate: 'name=command'", b.addOther)
	only := flag.String("only", "", "cases, separated by commas")
	flag.StringVar(&b.subjects, "subjects", "",
		"only these subjects of each case, besides the first, separated by commas")
	list := flag.Bool("list", false, "list the cases")
	flag.StringVar(&b.profiles, "profiles", "",
		"write a CPU profile of a few seconds of each daemon to this `directory`")
	out := flag.String("out", "", "append the figures of every run to this `file`")
	flag.Parse()
	if *list {
		for _, c := range cases {
			fmt.Printf("%-12s %s\n", c.name, c.title)
		}
		return
	}
	lab.Main(func(ctx context.Context) (bool, error) { return b.run(ctx, *only, *out) })
}

// bench is the programs and what the flags say.
type bench struct {
	*lab.Lab
	endpoint *lab.Accepting
	floor    string // The program.
	rounds   int
	messages int
	nginx    string
	verbose  bool
	subjects string
	others   []subject
	profiles string   // A directory; "": none are wanted.
	out      *os.File // nil: nowhere.
	streams  map[string]bool
}

func (b *bench) addOther(text string) error {
	name, command, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("%q is not of the form name=command", text)
	}
	b.others = append(b.others, subject{name: name, start: startOther(strings.Fields(command)), foreign: true})
	return nil
}

// run runs the cases that were asked for.
func (b *bench) run(ctx context.Context, only, out string) (failed bool, err error) {
	if out != "" {
		if b.out, err = os.OpenFile(out, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
			return false, fmt.Errorf("open the file of figures: %w", err)
		}
		defer b.out.Close()
	}
	wanted := strings.Split(only, ",")
	for _, name := range wanted {
		if name != "" && !slices.ContainsFunc(cases, func(c benchCase) bool { return c.name == name }) {
			return false, fmt.Errorf("there is no case %q: see -list", name)
		}
	}
	if err := b.prepare(ctx); err != nil {
		return false, err
	}
	defer b.Stop()
	for _, c := range cases {
		if only != "" && !slices.Contains(wanted, c.name) {
			continue
		}
		run := b.runCase
		if c.long {
			run = b.runLong
		}
		ok, err := run(ctx, c)
		if err != nil {
			return true, fmt.Errorf("case %s: %w", c.name, err)
		}
		failed = failed || !ok
	}
	return failed, nil
}

// prepare builds the programs and starts the servers.
func (b *bench) prepare(ctx context.Context) (err error) {
	if b.Lab, err = lab.NewWithNATS(ctx); err != nil {
		return err
	}
	b.floor, err = b.Build(ctx, "momento-bridge/bench/floor")
	if err == nil {
		b.endpoint, err = b.StartAccepting(ctx, b.nginx)
	}
	if err != nil {
		b.Stop()
	}
	b.streams = map[string]bool{}
	return err
}

// runCase runs a case's subjects in turns and reports. It returns false if a check failed.
func (b *bench) runCase(ctx context.Context, c benchCase) (bool, error) {
	subjects := b.chosen(c)
	fmt.Printf("\n%s: %s\n", c.name, c.title)
	figures := make([][]figure, len(subjects))
	ok := true
	for range b.rounds {
		for i, s := range subjects {
			f, err := b.measure(ctx, c.name, s, s.load(c.load, b.messages))
			if err != nil {
				return false, fmt.Errorf("%s: %w", s.name, err)
			}
			for _, wrong := range f.wrong {
				fmt.Printf("FAIL %s: %s\n", s.name, wrong)
				ok = false
			}
			b.note(c, s, f)
			figures[i] = append(figures[i], f)
		}
	}
	report(c, subjects, figures)
	return ok, nil
}

// chosen are the case's subjects that take part.
func (b *bench) chosen(c benchCase) []subject {
	subjects := slices.Clone(c.subjects)
	if c.others {
		subjects = append(subjects, b.others...)
	}
	if b.subjects == "" {
		return subjects
	}
	wanted := strings.Split(b.subjects, ",")
	rest := slices.DeleteFunc(subjects[1:], func(s subject) bool { return !slices.Contains(wanted, s.name) })
	return subjects[:1+len(rest)]
}

// note writes down the figures of one run.
func (b *bench) note(c benchCase, s subject, f figure) {
	if b.verbose {
		fmt.Printf("  %-16s %s\n", s.name, f)
	}
	if b.out != nil {
		fmt.Fprintf(b.out, "BenchmarkCost/%s/%s 1 %.3f cpu-µs/msg %.0f msg/s %.1f peak-MiB\n", c.name, s.name, f.cpu,
			f.rate, float64(f.memory)/(1<<20))
	}
}

// quietTime lets a machine settle after a program has ended.
const quietTime = 300 * time.Millisecond
