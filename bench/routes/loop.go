package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

// atATime is how many messages a consumer of the loop asks for together.
const atATime = 4096

// loop consumes and acknowledges until ctx is done, and prints how many messages it has had so far.
func loop(ctx context.Context, url, stream string, consumers int) error {
	conn, err := nats.Connect(url)
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	all := make([]jetstream.Consumer, consumers)
	for i := range all {
		if all[i], err = js.Consumer(ctx, stream, consumer+strconv.Itoa(i)); err != nil {
			return fmt.Errorf("look for a consumer: %w", err)
		}
	}
	var done atomic.Int64
	take := func(m jetstream.Msg) {
		_ = m.Ack()
		done.Add(1)
	}
	for _, c := range all {
		if _, err = c.Consume(take, jetstream.PullMaxMessages(atATime)); err != nil {
			return fmt.Errorf("consume: %w", err)
		}
	}
	for ctx.Err() == nil {
		fmt.Println(done.Load())
		time.Sleep(5 * time.Millisecond)
	}
	return nil
}

// done is what a loop has printed last.
func done(p *lab.Process) int {
	words := strings.Fields(p.Output())
	if len(words) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(words[len(words)-1])
	return n
}
