package source

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func TestStreamsThatMayLoseMessagesAreToldOfWithWhatToDo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	cluster := func(offline ...string) *jetstream.ClusterInfo {
		c := &jetstream.ClusterInfo{Name: "C", Leader: "n1"}
		for _, name := range offline {
			c.Replicas = append(c.Replicas, &jetstream.PeerInfo{Name: name, Offline: true})
		}
		return c
	}
	// A stream of 1000 messages, in as many seconds, the last of them now.
	full := jetstream.StreamState{
		Msgs: 1000, Bytes: 100_000, FirstTime: now.Add(-1000 * time.Second), LastTime: now, Consumers: 1,
	}
	for name, tt := range map[string]struct {
		cfg     jetstream.StreamConfig
		state   jetstream.StreamState
		cluster *jetstream.ClusterInfo
		letters bool
		pending uint64
		want    []string
	}{
		"one server":         {cfg: jetstream.StreamConfig{Replicas: 1}},
		"three in a cluster": {cfg: jetstream.StreamConfig{Replicas: 3}, cluster: cluster()},
		"one in a cluster": {
			cfg: jetstream.StreamConfig{Replicas: 1}, cluster: cluster(),
			want: []string{"sync_interval (2m unless it is set) may be gone; `nats stream edit S --replicas 3`"},
		},
		"two in a cluster": {
			cfg: jetstream.StreamConfig{Replicas: 2}, cluster: cluster(),
			want: []string{"while one of them is away nothing is stored or consumed; `nats stream edit S --replicas 3`"},
		},
		"a server away": {
			cfg: jetstream.StreamConfig{Replicas: 3}, cluster: cluster("n2"),
			want: []string{"cannot be reached (n2): start them, or have others take over with `nats stream cluster " +
				"peer-remove S n2`"},
		},
		"in memory": {
			cfg: jetstream.StreamConfig{Replicas: 1, Storage: jetstream.MemoryStorage}, want: []string{"when its " +
				"server restarts"},
		},
		"in memory of several": {
			cfg:     jetstream.StreamConfig{Replicas: 3, Storage: jetstream.MemoryStorage},
			cluster: cluster(), want: []string{"when most of its servers restart"},
		},
		"asynchronous": {
			cfg: jetstream.StreamConfig{PersistMode: jetstream.AsyncPersistMode}, want: []string{"persist_mode async"},
		},
		"without acknowledgements": {
			cfg: jetstream.StreamConfig{NoAck: true}, want: []string{"`nats stream edit S --ack`"},
		},
		"ten minutes": {
			cfg:  jetstream.StreamConfig{MaxAge: 10 * time.Minute},
			want: []string{"it deletes messages after 10m0s (max_age): an outage that lasts longer loses what waits"},
		},
		"a day": {cfg: jetstream.StreamConfig{MaxAge: 24 * time.Hour}},
		"dead letters of " +
			"hours": {cfg: jetstream.StreamConfig{MaxAge: 8 * time.Hour}, letters: true, want: []string{"before " +
			"somebody"}},
		"dead letters of a month": {
			cfg: jetstream.StreamConfig{MaxAge: 720 * time.Hour}, letters: true,
		},
		"a queue whose oldest message is nearly too old": {
			cfg: jetstream.StreamConfig{Retention: jetstream.WorkQueuePolicy, MaxAge: 2 * time.Hour},
			state: jetstream.StreamState{
				Msgs: 1, FirstTime: now.Add(-110 * time.Minute), LastTime: now,
			},
			want: []string{"has waited for 1h50m0s and is deleted in 10m0s (max_age 2h0m0s): `nats stream edit S --max-age 8h"},
		},
		"a queue that makes room": {
			cfg: jetstream.StreamConfig{Retention: jetstream.WorkQueuePolicy, MaxMsgs: 10_000}, state: full,
			want: []string{"which nobody has had (discard old)"},
		},
		"a full queue that refuses": {
			cfg: jetstream.StreamConfig{
				Retention: jetstream.WorkQueuePolicy, MaxMsgs: 1000, Discard: jetstream.DiscardNew,
			}, state: full,
			want: []string{"1000 messages wait, and it keeps 1000 (max_msgs): then publishers are refused"},
		},
		"dead letters that make room": {
			cfg: jetstream.StreamConfig{MaxBytes: 1 << 20}, state: full, letters: true,
			want: []string{"deletes the oldest dead letters (discard old)"},
		},
		"dead letters that are full": {
			cfg:   jetstream.StreamConfig{MaxBytes: 110_000, Discard: jetstream.DiscardNew},
			state: full, letters: true,
			want: []string{"(max_bytes): then rejected messages wait, and hold others up; replay them"},
		},
		"a backlog that fills the stream": {
			cfg: jetstream.StreamConfig{MaxMsgs: 1000}, state: full, pending: 900,
			want: []string{"900 messages wait, and it keeps 1000 (max_msgs): then the oldest", "keeps what came " +
				"within 16m40s"},
		},
		"a full stream without a backlog that keeps days": {
			cfg: jetstream.StreamConfig{MaxMsgs: 1000},
			state: jetstream.StreamState{
				Msgs: 1000, Bytes: 1000, FirstTime: now.Add(-48 * time.Hour), LastTime: now,
			},
		},
		"one of each subject": {
			cfg: jetstream.StreamConfig{MaxMsgsPerSubject: 1}, want: []string{"it keeps 1 message of each subject"},
		},
		"dead letters by subject": {
			cfg: jetstream.StreamConfig{MaxMsgsPerSubject: 5}, letters: true, want: []string{"keeps 5 messages of " +
				"each"},
		},
		"interest without a consumer": {
			cfg: jetstream.StreamConfig{Retention: jetstream.InterestPolicy}, want: []string{"start the bridge before"},
		},
		"interest with one": {
			cfg:   jetstream.StreamConfig{Retention: jetstream.InterestPolicy},
			state: jetstream.StreamState{Consumers: 1},
		},
		"dead letters by interest": {
			cfg: jetstream.StreamConfig{Retention: jetstream.InterestPolicy}, letters: true,
			want: []string{"dead letters are dropped at once"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.cfg.Name = "S"
			got := durability(keeper{
				info:    &jetstream.StreamInfo{Config: tt.cfg, State: tt.state, Cluster: tt.cluster},
				letters: tt.letters, pending: tt.pending, now: now,
			})
			if len(got) != len(tt.want) {
				t.Fatalf("%d warnings, want %d:\n%s", len(got), len(tt.want), strings.Join(got, "\n"))
			}
			for i := range got {
				if !strings.Contains(got[i], tt.want[i]) {
					t.Errorf("%q, want %q in it", got[i], tt.want[i])
				}
			}
		})
	}
}

func TestKeyValueBucketsMayReplaceTheirValues(t *testing.T) {
	t.Parallel()
	cfg := jetstream.StreamConfig{Name: "KV_b", MaxMsgsPerSubject: 1}
	if got := durability(keeper{info: &jetstream.StreamInfo{Config: cfg}, now: time.Now()}); len(got) != 0 {
		t.Error(got)
	}
}
