package lab

import (
	"context"
	"flag"
	"fmt"
	"os"
)

// SetParallel has so many tests of a package run at a time, unless the flag says how many: where tests mostly wait,
// more than there are cores. It is for TestMain.
func SetParallel(together string) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", together)
	}
}

// RunTests builds the programs, runs the tests of a package with them, so many at a time as SetParallel says, and
// returns the exit status: for TestMain.
func RunTests(m interface{ Run() int }, root, together string, use func(*Lab)) int {
	SetParallel(together)
	l, err := New(context.Background(), root)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer l.Stop()
	use(l)
	return m.Run()
}
