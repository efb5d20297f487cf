// Command generate writes what is made of the chart: go -C test/helm run ./generate.
package main

import (
	"fmt"
	"os"

	"momento-bridge/test/helm/made"
)

func main() {
	if err := made.Write("../.."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
