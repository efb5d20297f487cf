package lab

import (
	"context"
	"flag"
	"fmt"
	"os"
)

// SetParallel is for TestMain. It sets how many tests of a package run at a time, a number, unless the flag -parallel
// is given. Where tests mostly wait it may be more than there are cores.
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
