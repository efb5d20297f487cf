package main

import "fmt"

// notInSlim says that a command is not in this build, and which build has it.
func notInSlim(command string) error {
	return &usageError{fmt.Errorf("%s needs a NATS server in its process, which this build of momento-bridge leaves "+
		"out (-tags slim): use the full build", command)}
}
