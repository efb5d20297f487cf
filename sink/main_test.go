package sink

import (
	"flag"
	"os"
	"testing"
)

// together is how many tests run at the same time, unless the command says so: most of them wait.
const together = "8"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", together)
	}
	os.Exit(m.Run())
}
