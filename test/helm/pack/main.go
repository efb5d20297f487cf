// Command pack makes the chart's archive of a release: go -C test/helm run ./pack v1.2.3 DIR. SOURCE_DATE_EPOCH is the
// time of the files in it, without which it is 1980-01-01. DIR is relative to where the command runs.
package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"momento-bridge/test/helm/made"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: pack v1.2.3 DIR")
	}
	when := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
		}
		when = time.Unix(seconds, 0).UTC()
	}
	file, err := made.Pack("../..", args[0], args[1], when)
	if err == nil {
		fmt.Println(file)
	}
	return err
}
