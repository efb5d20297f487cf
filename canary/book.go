package canary

import "time"

// Settings say what a Book expects.
type Settings struct {
	// Replica is whose messages the book is of; all others are foreign.
	Replica string
	// Lost is after how long a message is lost that has not come.
	Lost time.Duration
	// Remember is how many of the last numbers are told apart, 0: 1024. What is still under way when as many more have
	// been sent is lost, too.
	Remember int
}

// Counts are what a book has seen since it began. None ever falls but Withdrawn and UnderWay, and
//
//	Sent = Seen + Lost - Found + Withdrawn + UnderWay
type Counts struct {
	// Sent were sent, Seen of them have come, each counted once.
	Sent, Seen uint64
	// Lost were not there in time. Found of them came after all, and are Seen and Late, too.
	Lost, Found uint64
	// Late were found, or came long after the endpoint had accepted them, which only a Watch knows.
	Late uint64
	// Duplicates are arrivals of what had been seen.
	Duplicates uint64
	// Reordered came after one that was sent later.
	Reordered uint64
	// Foreign are other senders', and older ones than the book remembers.
	Foreign uint64
	// Withdrawn are those of which nothing is expected; UnderWay those that are.
	Withdrawn, UnderWay uint64
}

// Lost is a message that has not come.
type Lost struct {
	Number uint64
	Sent   time.Time
}

// Result is what an arrival was. Latency is 0 for foreign messages and duplicates.
type Result struct {
	Kind      Kind
	Latency   time.Duration
	Late      bool
	Reordered bool
	Found     bool // It had been lost.
}

// Kind is what a message was.
type Kind int

// The kinds of messages.
const (
	Foreign Kind = iota
	Seen
	Duplicate
)

// state is what is known of a number.
type state uint8

const (
	unknown state = iota
	underWay
	held // Under way, and somebody has it who will tell.
	seen
	lost
	withdrawn
)

type entry struct {
	number uint64
	state  state
	sent   time.Time
	due    time.Time
}

// Book is the account of a sender's messages. Its methods are not to be called concurrently; their times may not go
// back.
type Book struct {
	settings Settings
	entries  []entry // By number, modulo their length.
	last     uint64  // The highest number sent.
	oldest   uint64  // No number below it is under way.
	highest  uint64  // The highest number seen.
	counts   Counts
	gone     []Lost // Lost, and not yet told by Due.
	recent   latencies
}

const defaultRemembered = 1024

// NewBook returns an empty book.
func NewBook(s Settings) *Book {
	if s.Remember <= 0 {
		s.Remember = defaultRemembered
	}
	return &Book{settings: s, entries: make([]entry, s.Remember), oldest: 1}
}

// Next is the number to send next.
func (b *Book) Next() uint64 { return b.last + 1 }

// Sent enters a message and returns what it is to say. Numbers rise; one that does not is refused with an empty
// payload, and changes nothing.
func (b *Book) Sent(now time.Time, n uint64) Payload {
	if n <= b.last {
		return Payload{}
	}
	b.last = n
	e := &b.entries[n%uint64(len(b.entries))]
	b.lose(e)
	*e = entry{number: n, state: underWay, sent: now, due: now.Add(b.settings.Lost)}
	b.counts.Sent++
	b.counts.UnderWay++
	return Payload{Replica: b.settings.Replica, Number: n, Sent: now}
}

// Hold says that somebody has a message under way and will tell how it ends: it is not lost meanwhile.
func (b *Book) Hold(n uint64) {
	if e := b.at(n); e != nil && e.state == underWay {
		e.state = held
	}
}

// Expect says that a message is on its way from now on: it is lost if it has not come by Settings.Lost.
func (b *Book) Expect(now time.Time, n uint64) {
	if e := b.at(n); e != nil && (e.state == held || e.state == underWay) {
		e.state, e.due = underWay, now.Add(b.settings.Lost)
	}
}

// Lose declares a message lost that is under way; Due tells of it.
func (b *Book) Lose(n uint64) {
	if e := b.at(n); e != nil {
		b.lose(e)
	}
}

// Withdraw expects nothing more of a message, because it is known what became of it or why nobody can tell. It reports
// whether it was under way.
func (b *Book) Withdraw(n uint64) bool {
	e := b.at(n)
	if e == nil || (e.state != held && e.state != underWay) {
		return false
	}
	e.state = withdrawn
	b.counts.UnderWay--
	b.counts.Withdrawn++
	return true
}

// WithdrawAll expects nothing more of all that is under way, and returns how many that were.
func (b *Book) WithdrawAll() int {
	n := 0
	for number := b.start(); number <= b.last; number++ {
		if b.Withdraw(number) {
			n++
		}
	}
	return n
}

// Seen enters an arrival.
func (b *Book) Seen(now time.Time, p Payload) Result {
	e := b.at(p.Number)
	if p.Replica != b.settings.Replica || e == nil || e.sent.UnixNano() != p.Sent.UnixNano() {
		b.counts.Foreign++
		return Result{}
	}
	r := Result{Kind: Seen, Latency: now.Sub(e.sent)}
	switch e.state {
	case seen, unknown:
		b.counts.Duplicates++
		return Result{Kind: Duplicate}
	case lost:
		b.counts.Found++
		b.counts.Late++
		r.Found, r.Late = true, true
	case withdrawn:
		b.counts.Withdrawn--
	case underWay, held:
		b.counts.UnderWay--
	}
	b.counts.Seen++
	if r.Reordered = p.Number < b.highest; r.Reordered {
		b.counts.Reordered++
	}
	e.state, b.highest = seen, max(b.highest, p.Number)
	b.recent.add(r.Latency)
	return r
}

// Has reports whether a message of the book's has been seen.
func (b *Book) Has(p Payload) bool {
	e := b.at(p.Number)
	return e != nil && p.Replica == b.settings.Replica && e.state == seen && e.sent.UnixNano() == p.Sent.UnixNano()
}

// Due declares lost what should have come by now, and returns each lost message once.
func (b *Book) Due(now time.Time) []Lost {
	oldest := b.last + 1
	for n := b.start(); n <= b.last; n++ {
		e := b.at(n)
		if e == nil {
			continue
		}
		if e.state == underWay && !now.Before(e.due) {
			b.lose(e)
		}
		if e.state == underWay || e.state == held {
			oldest = min(oldest, n)
		}
	}
	b.oldest = oldest
	gone := b.gone
	b.gone = nil
	return gone
}

// Counts returns what the book has seen.
func (b *Book) Counts() Counts { return b.counts }

// Quantile returns how long that share of the last messages took at most; false: none has come.
func (b *Book) Quantile(share float64) (time.Duration, bool) { return b.recent.quantile(share) }

// at is the entry of a number; nil if there is none any more.
func (b *Book) at(n uint64) *entry {
	e := &b.entries[n%uint64(len(b.entries))]
	if n == 0 || e.number != n {
		return nil
	}
	return e
}

// start is the first number that may be under way.
func (b *Book) start() uint64 {
	if size := uint64(len(b.entries)); b.last > size {
		return max(b.oldest, b.last-size+1)
	}
	return b.oldest
}

// lose declares a message lost that is under way.
func (b *Book) lose(e *entry) {
	if e.state != underWay && e.state != held {
		return
	}
	e.state = lost
	b.counts.UnderWay--
	b.counts.Lost++
	b.gone = append(b.gone, Lost{Number: e.number, Sent: e.sent})
}
