package standin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func consumerSettings(c *call, cfg *jetstream.ConsumerConfig) {
	if filters := c.flags["--filter"]; len(filters) > 0 {
		cfg.FilterSubject, cfg.FilterSubjects = "", nil
		if all := strings.Split(strings.Join(filters, ","), ","); len(all) == 1 {
			cfg.FilterSubject = all[0]
		} else {
			cfg.FilterSubjects = all
		}
	}
}

func natsConsumerAdd(c *call) error {
	if !c.has("--pull") || !c.has("--defaults") {
		return errors.New("asks for what is not said, unless there are --pull and --defaults")
	}
	return withStream(c, func(ctx context.Context, _ jetstream.JetStream, s jetstream.Stream) error {
		cfg := jetstream.ConsumerConfig{Durable: c.args[1], AckPolicy: jetstream.AckExplicitPolicy}
		consumerSettings(c, &cfg)
		_, err := s.CreateConsumer(ctx, cfg)
		return err
	})
}

func withConsumer(c *call, do func(context.Context, jetstream.Stream, *jetstream.ConsumerInfo) error) error {
	return withStream(c, func(ctx context.Context, _ jetstream.JetStream, s jetstream.Stream) error {
		consumer, err := s.Consumer(ctx, c.args[1])
		if err != nil {
			return fmt.Errorf("consumer %s: %w", c.args[1], err)
		}
		return do(ctx, s, consumer.CachedInfo())
	})
}

func natsConsumerEdit(c *call) error {
	return withConsumer(c, func(ctx context.Context, s jetstream.Stream, info *jetstream.ConsumerInfo) error {
		if !c.has("--force") && !c.has("-f") {
			return errors.New("asks whether it may, unless there is -f")
		}
		cfg := info.Config
		consumerSettings(c, &cfg)
		_, err := s.UpdateConsumer(ctx, cfg)
		return err
	})
}

func natsConsumerInfo(c *call) error {
	return withConsumer(c, func(_ context.Context, _ jetstream.Stream, info *jetstream.ConsumerInfo) error {
		return printJSON(info)
	})
}

func natsConsumerRemove(c *call) error {
	return withConsumer(c, func(ctx context.Context, s jetstream.Stream, _ *jetstream.ConsumerInfo) error {
		return s.DeleteConsumer(ctx, c.args[1])
	})
}

// subscribeName is a subscriber that goes on.
const subscribeName = "docs-subscribe"

// subscribe prints what comes on a subject until SIGINT. The arguments are the server's address and the subject.
func subscribe(args []string) error {
	conn, err := nats.Connect(args[0], nats.Timeout(time.Minute))
	if err != nil {
		return fmt.Errorf("connect to %s: %w", args[0], err)
	}
	defer conn.Close()
	if _, err = conn.Subscribe(args[1], func(m *nats.Msg) {
		fmt.Printf("[%s] %s\n", m.Subject, m.Data)
	}); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	if err := conn.Flush(); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	fmt.Printf("Subscribing on %s\n", args[1])
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	<-ctx.Done()
	return nil
}
