package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/exporter-toolkit/web"
)

// Serve answers on ln until ctx is done. Requests under way have a second to end. What goes wrong with single
// connections is logged for debugging. webConfig is the path of a web configuration file as Prometheus' exporters take
// it, which asks for TLS and passwords; empty: neither is asked for.
func Serve(ctx context.Context, ln net.Listener, handler http.Handler, webConfig string, log *slog.Logger) error {
	return serve(ctx, ln, handler, webConfig, log, time.Second)
}

// serve is Serve with the time that requests under way have to end.
func serve(ctx context.Context, ln net.Listener, handler http.Handler, webConfig string, log *slog.Logger,
	grace time.Duration,
) error {
	crowd := newCrowd(maxConnections)
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      time.Minute, // A profile takes 30 s.
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return ctx }, // Ends the events.
		ConnState:         crowd.changed,
		ConnContext:       withConn,
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if server.Shutdown(within) != nil {
			_ = server.Close()
		}
	})
	flags := &web.FlagConfig{WebConfigFile: &webConfig}
	err := web.Serve(crowd.listen(ln), server, flags, slog.New(quiet{log.Handler()}))
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve the admin listener: %w", err)
}

// quiet drops what the toolkit tells of its start: the daemon has said where it listens.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

// connKey is the context's key of a request's connection.
type connKey struct{}

func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, bare(conn))
}

// bare is the connection below TLS.
func bare(conn net.Conn) net.Conn {
	if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return secured.NetConn()
	}
	return conn
}
