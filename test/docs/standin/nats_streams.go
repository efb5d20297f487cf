package standin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// streamSettings puts what the flags say into a stream's configuration.
func streamSettings(c *call, cfg *jetstream.StreamConfig) error {
	var err error
	number := func(flag string, into *int64) {
		if text := c.flag(flag); text != "" && err == nil {
			*into, err = strconv.ParseInt(text, 10, 64)
		}
	}
	age := func(flag string, into *time.Duration) {
		if text := c.flag(flag); text != "" && err == nil {
			if days, ok := strings.CutSuffix(text, "d"); ok {
				hours, wrong := strconv.Atoi(days)
				text, err = strconv.Itoa(hours*24)+"h", wrong
			}
			*into, err = time.ParseDuration(text)
		}
	}
	if subjects := c.flags["--subjects"]; len(subjects) > 0 {
		cfg.Subjects = strings.Split(strings.Join(subjects, ","), ",")
	}
	copies, size := int64(cfg.Replicas), int64(cfg.MaxMsgSize)
	number("--replicas", &copies)
	number("--max-msg-size", &size)
	number("--max-msgs", &cfg.MaxMsgs)
	number("--max-bytes", &cfg.MaxBytes)
	number("--max-msgs-per-subject", &cfg.MaxMsgsPerSubject)
	age("--max-age", &cfg.MaxAge)
	age("--dupe-window", &cfg.Duplicates)
	if err != nil {
		return fmt.Errorf("a flag's value: %w", err)
	}
	cfg.MaxMsgSize = int32(size)
	if copies > 1 {
		copies = 1 // Of one server, where the documents mean a cluster.
	}
	cfg.Replicas = int(copies)
	for flag, parse := range map[string]func(string) error{
		"--storage":   func(v string) error { return cfg.Storage.UnmarshalJSON([]byte(strconv.Quote(v))) },
		"--discard":   func(v string) error { return cfg.Discard.UnmarshalJSON([]byte(strconv.Quote(v))) },
		"--retention": func(v string) error { return retention(v, &cfg.Retention) },
	} {
		if value := c.flag(flag); value != "" {
			if err := parse(value); err != nil {
				return fmt.Errorf("%s: %w", flag, err)
			}
		}
	}
	return nil
}

func retention(word string, into *jetstream.RetentionPolicy) error {
	switch word {
	case "limits":
		*into = jetstream.LimitsPolicy
	case "work":
		*into = jetstream.WorkQueuePolicy
	case "interest":
		*into = jetstream.InterestPolicy
	default:
		return fmt.Errorf("%q is limits, work or interest", word)
	}
	return nil
}

func natsStreamAdd(c *call) error {
	if !c.has("--defaults") {
		return errors.New("asks for what is not said, unless there is --defaults")
	}
	return natsDo(c, func(ctx context.Context, _ *nats.Conn, js jetstream.JetStream) error {
		cfg := jetstream.StreamConfig{Name: c.args[0]}
		if err := streamSettings(c, &cfg); err != nil {
			return err
		}
		if _, err := js.CreateStream(ctx, cfg); err != nil {
			return fmt.Errorf("create the stream: %w", err)
		}
		fmt.Printf("Stream %s was created\n", cfg.Name)
		return nil
	})
}

func natsStreamEdit(c *call) error {
	return withStream(c, func(ctx context.Context, js jetstream.JetStream, s jetstream.Stream) error {
		cfg := s.CachedInfo().Config
		if err := streamSettings(c, &cfg); err != nil {
			return err
		}
		if !c.has("--force") && !c.has("-f") && !c.has("-i") {
			return errors.New("asks whether it may, unless there is -f")
		}
		_, err := js.UpdateStream(ctx, cfg)
		return err
	})
}

func withStream(c *call, do func(context.Context, jetstream.JetStream, jetstream.Stream) error) error {
	return natsDo(c, func(ctx context.Context, _ *nats.Conn, js jetstream.JetStream) error {
		s, err := js.Stream(ctx, c.args[0])
		if err != nil {
			return fmt.Errorf("stream %s: %w", c.args[0], err)
		}
		return do(ctx, js, s)
	})
}

func natsStreamInfo(c *call) error {
	return withStream(c, func(_ context.Context, _ jetstream.JetStream, s jetstream.Stream) error {
		return printJSON(s.CachedInfo())
	})
}

func natsStreamView(c *call) error {
	return withStream(c, func(ctx context.Context, _ jetstream.JetStream, s jetstream.Stream) error {
		state := s.CachedInfo().State
		for n := state.FirstSeq; n > 0 && n <= state.LastSeq; n++ {
			m, err := s.GetMsg(ctx, n)
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				continue
			}
			if err != nil {
				return fmt.Errorf("read the stream: %w", err)
			}
			fmt.Printf("[%d] Subject: %s\n", n, m.Subject)
			for name, values := range m.Header {
				fmt.Printf("  %s: %s\n", name, strings.Join(values, ", "))
			}
			fmt.Printf("\n%s\n", m.Data)
		}
		return nil
	})
}

func natsStreamPurge(c *call) error {
	if !c.has("--force") && !c.has("-f") {
		return errors.New("asks whether it may, unless there is -f")
	}
	return withStream(c, func(ctx context.Context, _ jetstream.JetStream, s jetstream.Stream) error {
		return s.Purge(ctx)
	})
}

func natsStreamRemove(c *call) error {
	if !c.has("--force") && !c.has("-f") {
		return errors.New("asks whether it may, unless there is -f")
	}
	return withStream(c, func(ctx context.Context, js jetstream.JetStream, _ jetstream.Stream) error {
		return js.DeleteStream(ctx, c.args[0])
	})
}

func natsStreams(c *call) error {
	return natsDo(c, func(ctx context.Context, _ *nats.Conn, js jetstream.JetStream) error {
		names := js.StreamNames(ctx)
		for name := range names.Name() {
			fmt.Println(name)
		}
		return names.Err()
	})
}

func natsBucket(c *call) error {
	return natsDo(c, func(ctx context.Context, _ *nats.Conn, js jetstream.JetStream) error {
		_, err := js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: c.args[0]})
		return err
	})
}

func printJSON(value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	fmt.Printf("%s\n", text)
	return err
}
