package lab

import (
	"context"
	"flag"
	"fmt"
	"os"
)

// RunTests is for TestMain: it builds the programs, hands them to use, runs the tests of the package, and returns the
// exit status. Up to together tests run at a time, a number, unless the flag -parallel is given. It may be more than
// there are cores where tests mostly wait.
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
