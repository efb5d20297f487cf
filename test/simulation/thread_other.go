//go:build !amd64 && !arm64

package simulation

import "math/rand/v2"

// thread finds nothing here: a seed decides all but the order of maps and of what is ready at the same time.
type thread struct{}

func findThread() thread { return thread{} }

func (thread) seed(*rand.PCG) {}

func (thread) hold() {}

func letGo() {}

func (thread) holds() bool { return false }

func (thread) name() uintptr { return 0 }

func (thread) found() bool { return false }
