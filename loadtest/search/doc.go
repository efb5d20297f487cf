// Package search finds the publish limit of an endpoint, and proves it. It decides what to offer next from what became
// of what was offered before, and has no clock, no connection and no randomness of its own: a Tester makes the trials,
// in real time or in a simulation.
//
//	bracket ──▶ plateau ──▶ probe ──▶ prove ⟲ narrow ──▶ Result
//	first       what is     kind,     L clean,
//	refusal     accepted    burst     U refused,
//	            in overload           in turns
//
// A machine that others use sends late, and some publishes not at all. So a held rate is what was really sent and
// accepted, and refusals that come from publishes having come together are told from those of the rate: see Excuse.
//
// The words are those of RFC 9971 where it has them: a trial, a load, the relevant lower and upper bound (here clean
// and failing rate), an irregular result.
package search
