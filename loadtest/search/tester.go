package search

// Tester makes trials, one at a time.
type Tester interface {
	// Run offers the phases of one trial, one right after the other, and returns what became of them once everything is
	// answered. It ends early when it would exceed the cap.
	Run(most Cap, phases ...Phase) Trial
	// Idle offers nothing for so many seconds.
	Idle(seconds float64)
	// Now is the time in seconds since some moment, on the clock of the events.
	Now() float64
}

// Cap is what a trial must not exceed, in all its phases.
type Cap struct {
	Requests int
	Seconds  float64
}

// Phase is a time of even load. It ends after Seconds, or earlier.
type Phase struct {
	Rate    float64 // Publishes per second, evenly spaced.
	Seconds float64
	// Refusals ends the phase after so many refusals; 0: none does.
	Refusals int
	// Burst, if not 0, is that of the token bucket which the rate may belong to: Refusals counts those only that an
	// Excuse does not excuse. It goes on from the phase before, if that has the same rate and burst.
	Burst float64
	// Window, if not 0, is that of the window which the rate may belong to, in seconds; as Burst. It may be longer or
	// shorter by Doubt.
	Window, Doubt float64
	// Room, if not 0, is how many such a window has room for. Then a refusal does not count where so many may have been
	// accepted within that many seconds before it.
	Room   int
	Within float64
	// Late is how late a publish may be sent, in seconds, rather than not at all; less than what the tester allows
	// anyway means that.
	Late float64
	// Loose says that publishes may be sent somewhat late rather than not at all: their times are looked at, not their
	// distances.
	Loose bool
	// Enough is asked about twice a second whether what has happened in the phase so far is enough; nil: it never is.
	// Only then are events kept.
	Enough func(events []Event) bool `json:"-"`
}

// excuses reports whether some refusals do not count.
func (p *Phase) excuses() bool { return p.Burst > 0 || p.Window > 0 }

// Continues reports whether an Excuse goes on from the phase before.
func (p *Phase) Continues(before *Phase) bool {
	return p.excuses() && p.Rate == before.Rate && p.Burst == before.Burst && p.Window == before.Window &&
		p.Room == before.Room
}

// Event is one publish that was answered with an acceptance or a refusal for quota.
type Event struct {
	At       float64 // When it was sent, in seconds on the tester's clock,
	Answered float64 // and answered.
	Refused  bool
}

// Outcome is what became of a phase.
type Outcome struct {
	Phase    Phase
	Began    float64 // On the tester's clock.
	Took     float64 // Seconds in which publishes were sent.
	Offered  float64 // Seconds for which publishes were planned; 0: as Took.
	Accepted int
	Refused  int
	Excused  int     // Of the refusals; only if Burst or Window was given.
	Failed   int     // Other answers, or none.
	Missed   int     // Not sent, as it was too late for that.
	Most     int     // Accepted within one window; only if Window was given.
	Events   []Event // By the time they were sent; only if Enough was given.
}

// unexcused is how many refusals speak against the rate.
func (o *Outcome) unexcused() int { return o.Refused - o.Excused }

// passed is how much of the rate was really accepted, where nothing was refused.
func (o *Outcome) passed() float64 {
	lost := o.Failed + o.Missed
	return o.Phase.Rate * float64(o.Accepted) / float64(max(1, o.Accepted+lost))
}

// held reports whether a phase that refusals would have ended was not ended by them.
func (o *Outcome) held() bool { return o.unexcused() < o.Phase.Refusals }

// Trial is the outcome of its phases, as far as it came.
type Trial struct {
	Phases []Outcome
	// Unfit says why the trial does not show that a rate is held or refused: the generator could not keep up, a clock
	// has jumped. Empty: it does.
	Unfit string
	// Late says that it is unfit for no other reason than that publishes were sent late, or not at all.
	Late bool
	// Foreign says that it is unfit because of what the endpoint did: publishes failed, or connections were closed.
	Foreign bool
	// Stall is how late the latest publish was, in seconds, be it sent or not.
	Stall float64
	// Tolerance is how late a publish of the last phase could be sent, in seconds.
	Tolerance float64
	// OnTime is the share of the last phase's publishes that were sent, and in time.
	OnTime float64
	// Capped says which cap has ended the trial before its phases were over: ErrRequests or ErrTime; nil: none has.
	// Then it shows nothing.
	Capped error `json:"-"`
	// Fatal ends the search: the endpoint refuses for another reason than quota, or the user has interrupted it.
	Fatal error `json:"-"`

	shown float64 // The rate that is held, if that is less than planned; 0: it is not.
}

const (
	// nearly is the share of publishes that must be sent in time to show roughly where the limit is.
	nearly = 0.8
	// faulty is the share that may fail there: an endpoint in trouble must not be asked for more.
	faulty = 0.1
)

// Rough reports whether the trial shows roughly where the limit is: what was sent and refused was refused, also if some
// was not sent, or has failed.
func (t *Trial) Rough() bool {
	if t.Unfit == "" {
		return true
	}
	o := t.last()
	return t.OnTime >= nearly && float64(o.Failed) <= faulty*float64(o.Accepted+o.Refused+o.Failed)
}

// last is the outcome of the last phase.
func (t *Trial) last() *Outcome { return &t.Phases[len(t.Phases)-1] }

// accepted is how many publishes of the trial were accepted.
func (t *Trial) accepted() int {
	n := 0
	for i := range t.Phases {
		n += t.Phases[i].Accepted
	}
	return n
}

// sent is how many publishes of the trial were sent.
func (t *Trial) sent() int {
	n := 0
	for i := range t.Phases {
		n += t.Phases[i].Accepted + t.Phases[i].Refused + t.Phases[i].Failed
	}
	return n
}
