package main

import (
	"flag"
	"os"
	"testing"
)

// These tests wait for each other's processes more than they compute, so that more of them run at a time than the
// machine has cores.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", "8"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
