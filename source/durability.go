package source

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/terminal"
)

// What check holds a stream against.
const (
	usualOutage  = time.Hour      // An endpoint or a network that is away for so long is nothing unusual.
	usualLook    = 24 * time.Hour // After so long somebody has looked at the dead letters.
	nearlyFull   = 0.8            // Of a limit.
	enoughCopies = 3              // One of them may be away, and the others still agree.
)

// keeper is a stream as the one that must keep messages: those of a route, or dead letters.
type keeper struct {
	info    *jetstream.StreamInfo
	letters bool   // It has dead letters, which wait for people.
	pending uint64 // What waits for the route's consumer, where that is known.
	now     time.Time
}

// weakPoints are what a stream may lose, and what to do, as far as its settings tell. They say nothing of what a server
// that loses power has not yet written (sync_interval), as clients cannot ask for that.
var weakPoints = []struct {
	name string
	find func(k *keeper) string
}{
	{"memory", (*keeper).inMemory},
	{"copies", (*keeper).tooFewCopies},
	{"copies away", (*keeper).copiesAway},
	{"asynchronous", (*keeper).async},
	{"no acknowledgement", (*keeper).unacknowledged},
	{"age", (*keeper).shortLived},
	{"age of what waits", (*keeper).soonTooOld},
	{"discard", (*keeper).discardsWhatWaits},
	{"backlog", (*keeper).nearlyFull},
	{"span", (*keeper).shortSpan},
	{"per subject", (*keeper).fewPerSubject},
	{"interest", (*keeper).interest},
}

// durability returns what a stream may lose.
func durability(k keeper) []string {
	var texts []string
	for _, w := range weakPoints {
		if text := w.find(&k); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

func (k *keeper) cfg() *jetstream.StreamConfig { return &k.info.Config }

// edit is the command that changes the stream.
func (k *keeper) edit(flags string) string {
	return fmt.Sprintf("`nats stream edit %s %s`", k.cfg().Name, flags)
}

// queue reports whether the stream keeps messages only until they are consumed, so that all that it has waits.
func (k *keeper) queue() bool { return k.cfg().Retention != jetstream.LimitsPolicy }

func (k *keeper) inMemory() string {
	if k.cfg().Storage != jetstream.MemoryStorage {
		return ""
	}
	when := "its server restarts"
	if k.cfg().Replicas > 1 {
		when = "most of its servers restart"
	}
	return fmt.Sprintf("it is kept in memory: when %s, messages that wait are lost; the storage of a stream cannot be "+
		"edited, so make one on disk: `nats stream add NEW --storage file` with the same subjects, in place of this one", when)
}

func (k *keeper) tooFewCopies() string {
	n := k.cfg().Replicas
	if k.info.Cluster == nil || k.info.Cluster.Name == "" || n >= enoughCopies {
		return ""
	}
	text := "only one of the cluster's servers has it (replicas 1): while that one is away nothing is stored or " +
		"consumed, " +
		"its disk is the only copy, and after a loss of power what came within the server's sync_interval (2m unless " +
		"it is " +
		"set) may be gone"
	if n == 2 {
		text = "two servers have it: while one of them is away nothing is stored or consumed"
	}
	return text + "; " + k.edit("--replicas 3")
}

func (k *keeper) copiesAway() string {
	if k.info.Cluster == nil {
		return ""
	}
	var away []string
	for _, r := range k.info.Cluster.Replicas {
		if r.Offline {
			away = append(away, r.Name)
		}
	}
	if len(away) == 0 {
		return ""
	}
	return fmt.Sprintf("servers that have it cannot be reached (%s): start them, or have others take over with `nats "+
		"stream cluster peer-remove %s %s`", strings.Join(away, ", "), k.cfg().Name, away[0])
}

func (k *keeper) async() string {
	if k.cfg().PersistMode != jetstream.AsyncPersistMode {
		return ""
	}
	return "it acknowledges before it has written (persist_mode async): after a crash what publishers were told is " +
		"kept may be gone; make the stream with the default mode"
}

func (k *keeper) unacknowledged() string {
	if !k.cfg().NoAck {
		return ""
	}
	if k.letters {
		return "it acknowledges nothing (no_ack), so that no dead letter counts as kept: " + k.edit("--ack")
	}
	return "it acknowledges nothing (no_ack): publishers cannot know what was stored; " + k.edit("--ack")
}

func (k *keeper) shortLived() string {
	age := k.cfg().MaxAge
	switch {
	case age <= 0:
		return ""
	case k.letters && age < usualLook:
		return fmt.Sprintf("it deletes dead letters after %v (max_age), before somebody has looked: %s", age,
			k.edit("--max-age 30d"))
	case !k.letters && age < usualOutage:
		return fmt.Sprintf("it deletes messages after %v (max_age): an outage that lasts longer loses what waits; "+
			"%s", age,
			k.edit("--max-age 24h"))
	}
	return ""
}

// soonTooOld is about messages that are there and have lived for most of what they may.
func (k *keeper) soonTooOld() string {
	age := k.cfg().MaxAge
	old := k.now.Sub(k.info.State.FirstTime)
	if age <= 0 || k.letters || !k.queue() || k.info.State.Msgs == 0 || float64(old) < nearlyFull*float64(age) {
		return ""
	}
	return fmt.Sprintf("the oldest message has waited for %v and is deleted in %v (max_age %v): "+
		"%s", old.Round(time.Second),
		max(0, age-old).Round(time.Second), age, k.edit("--max-age "+(4*age).String()))
}

// limited reports whether a number or size of messages can fill the stream.
func (k *keeper) limited() bool { return k.cfg().MaxMsgs > 0 || k.cfg().MaxBytes > 0 }

// discardsWhatWaits is about streams that make room by deleting what nobody has had.
func (k *keeper) discardsWhatWaits() string {
	if k.cfg().Discard != jetstream.DiscardOld || !k.limited() {
		return ""
	}
	switch {
	case k.letters:
		return "when it is full it deletes the oldest dead letters (discard old): with `discard new` they wait until there " +
			"is room; " + k.edit("--discard new")
	case k.queue():
		return "when it is full it deletes the oldest messages, which nobody has had (discard old), and publishers " +
			"do not " +
			"learn of it; " + k.edit("--discard new")
	}
	return ""
}

// waiting is how many messages wait, and how large they may be.
func (k *keeper) waiting() (messages, bytes float64) {
	s := &k.info.State
	if s.Msgs == 0 {
		return 0, 0
	}
	n := float64(k.pending)
	if k.queue() || k.letters {
		n = float64(s.Msgs)
	}
	n = min(n, float64(s.Msgs))
	return n, n * float64(s.Bytes) / float64(s.Msgs)
}

// nearlyFull is about a backlog that comes near to what the stream keeps.
func (k *keeper) nearlyFull() string {
	messages, bytes := k.waiting()
	what := "then the oldest of them are deleted"
	if k.cfg().Discard == jetstream.DiscardNew {
		what = "then publishers are refused"
		if k.letters {
			what = "then rejected messages wait, and hold others up"
		}
	}
	do := "raise it, or see why they wait"
	if k.letters {
		do = "replay them, purge what nobody needs, or raise it"
	}
	switch {
	case k.cfg().MaxMsgs > 0 && messages >= nearlyFull*float64(k.cfg().MaxMsgs):
		return fmt.Sprintf("%.0f messages wait, and it keeps %d (max_msgs): %s; %s: "+
			"%s", messages, k.cfg().MaxMsgs, what, do,
			k.edit(fmt.Sprintf("--max-msgs %d", 4*k.cfg().MaxMsgs)))
	case k.cfg().MaxBytes > 0 && bytes >= nearlyFull*float64(k.cfg().MaxBytes):
		return fmt.Sprintf("about %s wait, and it keeps %s (max_bytes): %s; %s: %s", terminal.Bytes(int64(bytes)),
			terminal.Bytes(k.cfg().MaxBytes), what, do, k.edit(fmt.Sprintf("--max-bytes %d", 4*k.cfg().MaxBytes)))
	}
	return ""
}

// shortSpan is about a stream whose limits keep it so short that an outage is longer.
func (k *keeper) shortSpan() string {
	s, c := &k.info.State, k.cfg()
	full := c.MaxMsgs > 0 && float64(s.Msgs) >= 0.95*float64(c.MaxMsgs) ||
		c.MaxBytes > 0 && float64(s.Bytes) >= 0.95*float64(c.MaxBytes)
	span := s.LastTime.Sub(s.FirstTime)
	if k.letters || k.queue() || c.Discard != jetstream.DiscardOld || !full || span >= usualOutage {
		return ""
	}
	which, flags := "max_bytes", fmt.Sprintf("--max-bytes %d", 4*c.MaxBytes)
	if c.MaxMsgs > 0 && float64(s.Msgs) >= 0.95*float64(c.MaxMsgs) {
		which, flags = "max_msgs", fmt.Sprintf("--max-msgs %d", 4*c.MaxMsgs)
	}
	return fmt.Sprintf("it is full, and by %s keeps what came within %v: an outage that lasts longer loses what "+
		"waits; %s",
		which, span.Round(time.Second), k.edit(flags))
}

// fewPerSubject is about streams that replace messages by newer ones of their subject. A key-value bucket is meant to.
func (k *keeper) fewPerSubject() string {
	n := k.cfg().MaxMsgsPerSubject
	if n <= 0 || strings.HasPrefix(k.cfg().Name, "KV_") {
		return ""
	}
	if k.letters {
		return fmt.Sprintf("it keeps %s of each subject (max_msgs_per_subject), and all dead letters of a route have "+
			"one: %s",
			terminal.Plural(int(n), "message"), k.edit("--max-msgs-per-subject=-1"))
	}
	return fmt.Sprintf("it keeps %s of each subject (max_msgs_per_subject): what is not published by then is "+
		"replaced by "+
		"newer messages; unless the newest values are enough, %s", terminal.Plural(int(n), "message"),
		k.edit("--max-msgs-per-subject=-1"))
}

// interest is about streams that keep only what a consumer waits for.
func (k *keeper) interest() string {
	if k.cfg().Retention != jetstream.InterestPolicy {
		return ""
	}
	if k.letters {
		return "it keeps what a consumer waits for (retention interest), so that dead letters are dropped at once " +
			"where there is none: keep them in a stream with `--retention limits`"
	}
	if k.info.State.Consumers == 0 {
		return "it keeps what a consumer waits for (retention interest), and there is none yet: what comes before " +
			"the bridge has made its own is not kept; start the bridge before those who publish"
	}
	return ""
}

// durability tells what a stream may lose.
func (i *inspection) durability(info *jetstream.StreamInfo) {
	for _, text := range durability(keeper{info: info, pending: i.pending, now: time.Now()}) {
		i.warn("stream "+info.Config.Name, text)
	}
}

// Durability returns what the stream that takes the dead letters may lose, each with what to do, after its name; none
// where it may not be looked at.
func (d *DeadLetters) Durability(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, infoTime)
	defer cancel()
	name := d.streamOr(ctx, "")
	if name == "" {
		return nil
	}
	stream, err := d.js.Stream(ctx, name)
	if err != nil {
		return nil
	}
	var texts []string
	for _, text := range durability(keeper{info: stream.CachedInfo(), letters: true, now: time.Now()}) {
		texts = append(texts, "stream "+name+": "+text)
	}
	return texts
}
