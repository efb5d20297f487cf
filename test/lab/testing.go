package lab

import (
	"context"
	"flag"
	"fmt"
	"os"
)

// RunTests builds the programs, runs the tests of a package with them, and returns the exit status: for TestMain. So
// many tests run at a time as together says, unless the flag says so: where tests mostly wait, more than there are
// cores.
func RunTests(m interface{ Run() int }, root, together string, use func(*Lab)) int {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", together)
	}
	l, err := New(context.Background(), root)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer l.Stop()
	use(l)
	return m.Run()
}
