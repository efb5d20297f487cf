package loadtest

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/valyala/fasthttp"

	"momento-bridge/loadtest/drive"
	"momento-bridge/sink"
	"momento-bridge/sink/key"
)

const (
	// calibration is how long it is measured how fast the generator can be, in seconds.
	calibration = 1
	// mostOfCeiling is the part of what the generator can do that a test may ask of it.
	mostOfCeiling = 0.6
)

// Calibrate measures how fast this machine can publish at the most, and how exactly, some seconds long: to an endpoint
// of its own on loopback, in plain HTTP, which accepts everything and does nothing. The endpoint takes its part of the
// same CPU. Nothing is published to the target.
func Calibrate(ctx context.Context, t Target) (Calibration, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return Calibration{}, fmt.Errorf("listen for the calibration: %w", err)
	}
	server := &fasthttp.Server{
		Handler:               func(c *fasthttp.RequestCtx) { c.SetStatusCode(fasthttp.StatusNoContent) },
		NoDefaultServerHeader: true,
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(ln) }()
	defer func() { _ = server.Shutdown(); <-done }()

	endpoint, err := sink.ParseEndpoint("http://" + ln.Addr().String())
	if err != nil {
		return Calibration{}, err
	}
	k, err := key.Parse("calibration")
	if err != nil {
		return Calibration{}, err
	}
	momento, err := sink.New(sink.Config{Endpoint: endpoint, Keys: key.Fixed(k), Timeout: time.Second},
		slog.New(slog.DiscardHandler))
	if err != nil {
		return Calibration{}, err
	}
	t.Sink, t.Timeout, t.Quota = momento, time.Second, nil
	e := drive.New(ctx, t.engine())
	defer e.Close()
	rate, err := e.Flat(calibration)
	if err != nil {
		return Calibration{}, fmt.Errorf("calibrate the generator: %w", err)
	}
	c := Calibration{Ceiling: rate}
	if err := c.time(e); err != nil {
		return Calibration{}, fmt.Errorf("calibrate the generator: %w", err)
	}
	return c, nil
}
