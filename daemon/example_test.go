package daemon_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"momento-bridge/config"
	"momento-bridge/daemon"
)

// A bridge inside another program: it carries messages until SIGTERM, and then drains.
func ExampleNew() {
	file := config.Read("bridge.yaml", []byte(`
momento: {region: us-east-1, api_key_file: /run/secrets/momento}
routes:
  - {name: orders, stream: ORDERS, subject: "orders.>", cache: my-cache, topic: "orders-{{wildcard(1)}}"}
`))
	file.Validate()
	plan := daemon.NewPlan(file)
	if err := file.Err(); err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	bridge, err := daemon.New(daemon.Config{Plan: plan, Version: "1.0"}, log)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := bridge.Run(ctx); err != nil {
		fmt.Println("it did not drain in time:", err)
	}
}
