// Command nats plays the command line of NATS in the image that the compose file calls nats-box: the few commands that
// it needs. Others are refused. It asks the server in $NATS_URL.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "nats: error:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := nats.Connect(os.Getenv("NATS_URL"))
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	switch {
	case len(args) == 3 && slices.Equal(args[:2], []string{"stream", "info"}):
		_, err = js.Stream(ctx, args[2])
	case len(args) == 5 && slices.Equal(args[:2], []string{"stream", "add"}) && args[4] == "--defaults":
		subjects, found := strings.CutPrefix(args[3], "--subjects=")
		if !found {
			return errors.New("it is played: stream add NAME --subjects=... --defaults alone")
		}
		_, err = js.CreateStream(ctx, jetstream.StreamConfig{Name: args[2], Subjects: strings.Split(subjects, ",")})
	case len(args) == 3 && args[0] == "pub":
		if err = conn.Publish(args[1], []byte(args[2])); err == nil {
			err = conn.FlushWithContext(ctx)
		}
	default:
		return fmt.Errorf("it is played, and does not know %q", args)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	return nil
}
