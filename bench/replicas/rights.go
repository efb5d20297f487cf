package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

// granted are the subjects of docs/permissions.md for an ordered route of the stream S with the consumer C that
// somebody else has made, with the bucket made, too. G is the group.
var granted = []string{
	"$JS.API.CONSUMER.MSG.NEXT.S.C", "$JS.API.CONSUMER.INFO.S.C", "$JS.ACK.S.C.>",
	"$KV.momento-bridge.>", "$JS.API.STREAM.INFO.KV_momento-bridge",
	"$JS.API.CONSUMER.CREATE.KV_momento-bridge.>", "$JS.API.CONSUMER.DELETE.KV_momento-bridge.>",
	"mb.G.>",
}

// restricted starts a server that grants nothing else to the user bridge.
func (b *bench) restricted(ctx context.Context, group string) (*lab.NATS, error) {
	quoted := make([]string, len(granted))
	for i, subject := range granted {
		subject = strings.NewReplacer("S.C", "S.momento-bridge-s", ".G.", "."+group+".").Replace(subject)
		quoted[i] = fmt.Sprintf("%q", subject)
	}
	file, err := b.Write("server.conf", fmt.Sprintf(`authorization: {users: [
  {user: admin, password: admin}
  {user: bridge, password: bridge, permissions: {publish: {allow: [%s]}, subscribe: {allow: ["_INBOX.>", "mb.%s.>"]}}}
]}
`, strings.Join(quoted, ", "), group))
	if err != nil {
		return nil, err
	}
	return b.StartNATSWith(ctx, "-c", file)
}

// rights repeats cases of an ordered route where nothing is granted but what it needs.
func rights(ctx context.Context, b *bench) error {
	server, err := b.restricted(ctx, fmt.Sprint("g", b.worlds+1))
	if err != nil {
		return err
	}
	password, err := b.Write("password", "bridge")
	if err != nil {
		return err
	}
	w, err := b.worldOf(ctx, settings{
		given: true, route: "ordering: topic, create_consumer: false", lease: 2 * time.Second,
		nats: fmt.Sprintf(", user: bridge, password_file: %q", password),
	}, []*lab.NATS{server}, "admin:admin@")
	if err != nil {
		return err
	}
	defer w.end()
	if _, err := w.js.CreateOrUpdateConsumer(ctx, "S", jetstream.ConsumerConfig{
		Durable: "momento-bridge-s", AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Minute,
		FilterSubject: "s.>", MaxAckPending: 20_000,
	}); err != nil {
		return fmt.Errorf("make the consumer: %w", err)
	}
	if _, err := w.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "momento-bridge", History: 1}); err != nil {
		return fmt.Errorf("make the bucket: %w", err)
	}
	f, err := w.orderedFeed(ctx, 3, 1000, false)
	if err != nil {
		return err
	}
	if err := w.killAll(ctx, f, length(b, 3, 1), 6*time.Second, "least rights, 3 replicas"); err != nil {
		return err
	}
	for _, r := range w.replicas {
		for line := range strings.Lines(r.Output()) {
			if strings.Contains(strings.ToLower(line), "permission") {
				b.print(false, false, "least rights: replica %d misses some: %s", r.number, strings.TrimSpace(line))
				return nil
			}
		}
	}
	b.print(false, true, "least rights: no replica misses any")
	return nil
}
