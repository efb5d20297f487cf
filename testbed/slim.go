//go:build slim

package testbed

import "errors"

// HasNATS says whether this build can start a NATS server in its process. The build tag slim leaves it out.
const HasNATS = false

// natsServer is there in the full build alone.
type natsServer struct{}

func startNATS() (*natsServer, error) {
	return nil, errors.New("this build is slim: it has no NATS server")
}

func (*natsServer) url() string { return "" }

func (*natsServer) stop() error { return nil }
