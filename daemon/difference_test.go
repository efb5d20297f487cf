package daemon

import (
	"fmt"
	"testing"

	"momento-bridge/config"
)

// What a reload has to do is the difference of two configurations.
func TestTheDifferenceOfTwoConfigurationsIsWhatAReloadHasToDo(t *testing.T) {
	t.Parallel()
	const head, a, b = "momento: {region: us-east-1}\nroutes:\n", "  - {name: a, subject: a, cache: c}\n",
		"  - {name: b, stream: S, cache: c}\n"
	for name, row := range map[string]struct{ now, next, want string }{
		"nothing":       {head + a + b, head + a + b, "+[] -[] ~[] false []"},
		"another order": {head + a + b, head + b + a, "+[] -[] ~[] false []"},
		"one more":      {head + a, head + a + b, "+[b] -[] ~[] false []"},
		"one less":      {head + a + b, head + b, "+[] -[a] ~[] false []"},
		"another name":  {head + a, head + "  - {name: z, subject: a, cache: c}\n", "+[z] -[a] ~[] false []"},
		"another topic": {head + a, head + "  - {name: a, subject: a, cache: c, topic: t}\n", "+[] -[] ~[a] false []"},
		"a default said": {
			head + a, head + "  - {name: a, subject: a, cache: c, ordering: topic}\n",
			"+[] -[] ~[] false []",
		},
		"a weight":  {head + a, head + "  - {name: a, subject: a, cache: c, weight: 3}\n", "+[] -[] ~[] true []"},
		"a ceiling": {head + b, head + "  - {name: b, stream: S, cache: c, rate: 3}\n", "+[] -[] ~[] true []"},
		"both at once": {
			head + b, head + "  - {name: b, stream: S, cache: c, rate: 3, ordering: none}\n",
			"+[] -[] ~[b] true []",
		},
		"a batch": {
			head + b, head + "  - {name: b, stream: S, cache: c, batch: {format: json}}\n",
			"+[] -[] ~[b] false []",
		},
		"the rate": {
			head + a, "momento: {region: us-east-1}\nlimits: {rate: 7}\nroutes:\n" + a, "+[] -[] ~[] true []",
		},
		"a cache's quota": {
			head + a, "momento: {region: us-east-1}\nlimits: {caches: {c: {rate: 5}}}\nroutes:\n" + a,
			"+[] -[] ~[] true []",
		},
		"what needs a restart": {
			head + a, "nats: {url: 'nats://x:1', tls: {ca_file: f}}\nmomento: {region: us-east-1, connections: 3}\n" +
				"limits: {unit: operations}\nqueue: {max_bytes: 1MiB}\nstate_dir: /d\n" +
				"admin: {listen: '127.0.0.1:1'}\n" +
				"coordination: {lease: 3s}\nlog: {level: debug}\nshutdown_timeout: 3s\nroutes:\n" + a,
			"+[] -[] ~[] false [nats.url nats.tls.ca_file momento.connections limits.unit coordination.lease " +
				"queue.max_bytes " +
				"state_dir admin.listen shutdown_timeout log.level]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now, next := config.Read("now", []byte(row.now)), config.Read("next", []byte(row.next))
			now.Validate()
			next.Validate()
			d := difference(&now.Config, &next.Config)
			got := fmt.Sprintf("+%v -%v ~%v %v %v", d.Added, d.Removed, d.Changed, d.Limits, d.Restart)
			if got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
			if again := difference(reloadable(&now.Config, &next.Config), &next.Config); len(again.Added)+
				len(again.Removed)+len(again.Changed) > 0 || again.Limits {
				t.Errorf("what was reloaded is to be reloaded again: %+v", again)
			}
		})
	}
}
