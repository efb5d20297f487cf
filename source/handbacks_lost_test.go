package source

import (
	"bufio"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
)

// startForgetful passes on what clients and a server say to each other, except that messages are handed back.
func startForgetful(t *testing.T, server string) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			back, err := net.Dial("tcp", server)
			if err != nil {
				client.Close()
				continue
			}
			t.Cleanup(func() { client.Close(); back.Close() })
			go func() { _, _ = io.Copy(client, back) }()
			go forgetHandBacks(back, bufio.NewReader(client))
		}
	}()
	return ln.Addr().String()
}

func forgetHandBacks(to io.Writer, from *bufio.Reader) {
	for {
		said, err := from.ReadString('\n')
		if err != nil {
			return
		}
		words := strings.Fields(said)
		if len(words) > 2 && (words[0] == "PUB" || words[0] == "HPUB") {
			size, _ := strconv.Atoi(words[len(words)-1])
			payload := make([]byte, size+len("\r\n"))
			if _, err := io.ReadFull(from, payload); err != nil {
				return
			}
			if strings.HasPrefix(string(payload), string(ackNotNow)) {
				continue
			}
			said += string(payload)
		}
		if _, err := io.WriteString(to, said); err != nil {
			return
		}
	}
}

// The server does not hear what is handed back. What somebody else has held who is gone comes all the same once AckWait
// is over, and nothing newer goes before it.
func TestLostHandBacksAreWaitedForAsLongAsAckWait(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
	direct := connect(t, ConnectConfig{URL: s.ClientURL()})
	const messages = 8
	stream := newStream(t, direct, messages)
	consumer, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{
		Durable: "momento-bridge-r", AckPolicy: jetstream.AckExplicitPolicy, AckWait: 12 * time.Second,
		FilterSubject: "a.>",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := consumer.Next(); err != nil {
		t.Fatal(err)
	}
	src := newJetStream(t, connect(t, ConnectConfig{URL: "nats://" + startForgetful(t, s.Addr().String())}))
	src.cfg.Circumstances.Timeout = 100 * time.Millisecond
	src.patience = 6 * time.Second // Less than AckWait, and more than a busy machine may be late.
	var mu sync.Mutex
	var order []int
	st := startStage(t, src, pipeline.RouteConfig{Returnable: true, Ordered: true}, 100,
		func(r *pipeline.Request) pipeline.Answer {
			mu.Lock()
			defer mu.Unlock()
			n, _ := strconv.Atoi(string(r.Payload))
			order = append(order, n)
			return accepted(r)
		})
	eventually(t, "published", st.published(messages))
	st.stop()
	if !slices.IsSorted(order) {
		t.Errorf("published in the order %v", order)
	}
}
