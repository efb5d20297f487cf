package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// Await waits until something holds. It looks often at first, and then less, as looking costs, too.
func Await(ctx context.Context, within time.Duration, what string, ok func() bool) error {
	began := time.Now()
	for !ok() {
		waited := time.Since(began)
		if waited > within {
			return fmt.Errorf("not within %v: %s", within, what)
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("not yet: %s", what), ctx.Err())
		case <-time.After(min(5*time.Millisecond+waited/16, 100*time.Millisecond)):
		}
	}
	return nil
}

// TB is what of *testing.T the helpers for tests need.
type TB interface {
	Helper()
	Fatal(args ...any)
}

// Eventually ends a test unless something holds after a while. Give it far more time than it takes, as it returns at
// once.
func Eventually(t TB, within time.Duration, what string, ok func() bool) {
	t.Helper()
	if err := Await(context.Background(), within, what, ok); err != nil {
		t.Fatal(err)
	}
}

// Listens reports whether somebody listens on an address.
func Listens(address string) bool {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// AwaitListener waits until somebody listens on an address.
func AwaitListener(ctx context.Context, address string) error {
	return Await(ctx, 2*time.Minute, "somebody listens on "+address, func() bool { return Listens(address) })
}
