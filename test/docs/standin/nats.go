package standin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// natsProgram is the nats command line, with what the documents use of it. It does what it says, by the client for Go.
func natsProgram() program {
	stream := "subjects= storage= retention= discard= max-msgs= max-bytes= max-age= max-msg-size= " +
		"max-msgs-per-subject= " +
		"replicas= dupe-window= defaults description= allow-rollup deny-delete deny-purge f force allow-direct"
	consumer := "filter= pull deliver= ack= max-deliver= max-pending= defaults wait= replay= f force"
	return program{
		cannot: "how the real program prints; what of its flags the documents do not use",
		flags: "s= server= user= password= creds= nkey= context= timeout= js-domain= js-api-prefix= inbox-prefix= " +
			"tlscert= tlskey= tlsca= trace",
		commands: []command{
			{words: "pub", flags: "H= header= count= reply= sleep= J jetstream", least: 1, most: 2, run: natsPub},
			{words: "sub", flags: "count= queue= r raw headers-only", least: 1, most: 1, run: natsSub},
			{words: "request", flags: "H= header= replies= r raw", least: 1, most: 2, run: natsRequest},
			{words: "req", flags: "H= header= replies= r raw", least: 1, most: 2, run: natsRequest},
			{words: "stream add", flags: stream, least: 1, most: 1, run: natsStreamAdd},
			{words: "stream edit", flags: stream + " i", least: 1, most: 1, run: natsStreamEdit},
			{words: "stream info", flags: "j json", least: 1, most: 1, run: natsStreamInfo},
			{words: "stream view", flags: "subject= id= since= raw", least: 1, most: 2, run: natsStreamView},
			{words: "stream get", flags: "S= last-for= j json", least: 1, most: 2, run: natsStreamView},
			{words: "stream purge", flags: "f force subject= seq= keep=", least: 1, most: 1, run: natsStreamPurge},
			{words: "stream rm", flags: "f force", least: 1, most: 1, run: natsStreamRemove},
			{words: "stream ls", flags: "n names", run: natsStreams},
			{words: "stream report", run: natsStreams},
			{words: "consumer add", flags: consumer, least: 2, most: 2, run: natsConsumerAdd},
			{words: "consumer edit", flags: consumer, least: 2, most: 2, run: natsConsumerEdit},
			{words: "consumer info", flags: "j json", least: 2, most: 2, run: natsConsumerInfo},
			{words: "consumer next", flags: "count= ack no-ack", least: 2, most: 2},
			{words: "consumer pause", flags: "f force", least: 3, most: 3},
			{words: "consumer resume", flags: "f force", least: 2, most: 2},
			{words: "consumer rm", flags: "f force", least: 2, most: 2, run: natsConsumerRemove},
			{words: "kv add", flags: "history= storage= replicas= ttl=", least: 1, most: 1, run: natsBucket},
			{words: "kv get", flags: "raw", least: 2, most: 2},
			{words: "kv put", least: 3, most: 3},
			{words: "kv ls", most: 1},
			{words: "server report jetstream"},
			{words: "server report connections"},
			{words: "account info"},
			{words: "context add", flags: "select description=", least: 1, most: 1},
			{words: "context select", least: 0, most: 1},
			{words: "context ls"},
			{words: "rtt"},
		},
	}
}

// natsDo connects and does something within a minute.
func natsDo(c *call, do func(context.Context, *nats.Conn, jetstream.JetStream) error) error {
	url := cmpOr(c.flag("-s", "--server"), cmpOr(os.Getenv("NATS_URL"), nats.DefaultURL))
	options := []nats.Option{nats.Timeout(time.Minute)}
	if user := c.flag("--user"); user != "" {
		options = append(options, nats.UserInfo(user, c.flag("--password")))
	}
	conn, err := nats.Connect(url, options...)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", url, err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(time.Minute))
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return errors.Join(do(ctx, conn, js), conn.Flush())
}

func natsPub(c *call) error {
	return natsDo(c, func(_ context.Context, conn *nats.Conn, _ jetstream.JetStream) error {
		m := nats.NewMsg(c.args[0])
		if len(c.args) > 1 {
			m.Data = []byte(c.args[1])
		}
		for _, name := range []string{"-H", "--header"} {
			for _, header := range c.flags[name] {
				key, value, ok := strings.Cut(header, ":")
				if !ok {
					return fmt.Errorf("%s %s: a header has a colon", name, header)
				}
				m.Header.Add(key, strings.TrimSpace(value))
			}
		}
		count := 1
		if text := c.flag("--count"); text != "" {
			var err error
			if count, err = strconv.Atoi(text); err != nil {
				return fmt.Errorf("--count: %w", err)
			}
		}
		for range count {
			if err := conn.PublishMsg(m); err != nil {
				return fmt.Errorf("publish: %w", err)
			}
		}
		fmt.Printf("Published %d bytes to %q\n", len(m.Data), m.Subject)
		return nil
	})
}

// natsSub goes on until Ctrl-C.
func natsSub(c *call) error {
	url := cmpOr(c.flag("-s", "--server"), cmpOr(os.Getenv("NATS_URL"), nats.DefaultURL))
	return c.start(running{Kind: "nats sub " + c.args[0], Output: "Subscribing"},
		[]string{filepath.Join(c.Bin, subscribeName), url, c.args[0]})
}

func natsRequest(c *call) error {
	return natsDo(c, func(ctx context.Context, conn *nats.Conn, _ jetstream.JetStream) error {
		body := ""
		if len(c.args) > 1 {
			body = c.args[1]
		}
		answer, err := conn.RequestWithContext(ctx, c.args[0], []byte(body))
		if err != nil {
			return fmt.Errorf("request: %w", err)
		}
		fmt.Printf("%s\n", answer.Data)
		if strings.Contains(string(answer.Data), `"error":`) {
			return errors.New("the answer is an error")
		}
		return nil
	})
}
