// Package drive sends publishes at exact times and notes what becomes of each: the tester of package search in real
// time.
//
//	pacer ──▶ tickets ──▶ workers, one connection each ──▶ ledger
//	 when      bounded     publish, answer, times            one entry per ticket
//
// The loop is open: a ticket has its time whatever became of those before it. One that cannot be sent in time is given
// up and counted, never sent later: catching up would be a burst that nobody asked for. The phase says what is still in
// time: a search allows what the limiter forgives. The pacer is the goroutine that calls Run; New starts the workers,
// and Close joins them.
package drive
