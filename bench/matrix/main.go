// Command matrix runs the tests of source and chaos with releases of nats-server, all tests with releases of Go, and
// compiles for systems. It writes the tables of docs/support.md.
//
//	go run ./bench/matrix                               # all releases of nats-server, all tests: half an hour
//	go run ./bench/matrix -short                        # as for a change: the oldest whole, those between in part
//	go run ./bench/matrix -only v2.10.27,v2.12.15
//	go run ./bench/matrix -what go,systems              # releases of Go; systems that are built for, and not run
//	go run ./bench/matrix -short -what go               # the same with fewer packages
//	go run ./bench/matrix -write docs/support.md
//
// LONG_TESTS=1 asks for the long forms, as everywhere. The tests of source have the server in their process: they are
// linked with each release by a go.mod beside that of the module. Those of chaos start it as a process, which is built
// once with the release's own dependencies. Releases come from the module proxy. A test that fails makes the exit
// status 1.
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

// The last patch of each minor release that is supported, the newest last: it is the one of go.mod.
var servers = []string{"v2.10.27", "v2.11.17", "v2.12.15", "v2.14.10", "v2.15.3"}

var (
	toolchains = []string{"go1.26.9", "go1.27.3"}
	systems    = []string{
		"linux/amd64", "linux/arm64", "darwin/arm64", "darwin/amd64", "freebsd/amd64", "windows/amd64",
	}
)

// bench is what was asked for.
type bench struct {
	dir   string // For files that are soon removed.
	short bool
	only  string // Rows, separated by commas; empty: all.
}

// chosen are the rows that were asked for.
func (b *bench) chosen(all []string) []string {
	if b.only == "" {
		return all
	}
	return strings.Split(b.only, ",")
}

func main() {
	b := &bench{}
	what := flag.String("what", "servers", "tables to make, separated by commas: servers, go, systems")
	flag.StringVar(&b.only, "only", "", "rows to make, separated by commas, such as v2.10.27")
	flag.BoolVar(&b.short, "short", false, "fewer tests of nats-server, for CI")
	file := flag.String("write", "", "the page whose tables are replaced")
	flag.Parse()
	lab.Main(func(ctx context.Context) (bool, error) { return b.run(ctx, strings.Split(*what, ","), *file) })
}

func (b *bench) run(ctx context.Context, what []string, file string) (failed bool, err error) {
	if b.dir, err = os.MkdirTemp("", "matrix-"); err != nil {
		return true, fmt.Errorf("make a directory: %w", err)
	}
	defer os.RemoveAll(b.dir)
	for _, name := range what {
		var t table
		switch name {
		case "servers":
			t, err = b.servers(ctx)
		case "go":
			t, err = b.toolchains(ctx)
		case "systems":
			t, err = b.systems(ctx)
		default:
			err = fmt.Errorf("there is no table %q", name)
		}
		if err != nil {
			return true, err
		}
		text := t.text(time.Now())
		fmt.Print(text)
		failed = failed || t.failed()
		if file != "" {
			if err := replace(file, name, text); err != nil {
				return true, err
			}
		}
	}
	return failed, nil
}
