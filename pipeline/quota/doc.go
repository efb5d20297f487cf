// Package quota finds out how fast publishes may start, and holds them to it. It is arithmetic on the times that it is
// given: it reads no clock, takes no lock, blocks nowhere and logs nothing. Its types are not safe for concurrent use.
//
//	Due, Pay ──────────────▶ Pacer ──▶ bucket   the tokens: when can this cost be paid?
//	Accepted, Refused ─────▶   │
//	                           └─────▶ learner  the rate: what does the endpoint seem to allow?
//	                                     ├─ tolerance.go  how many refusals are more than chance?
//	                                     └─ trial.go      does it help to go slower, or is it noise?
//
// Times must not go backwards from call to call. What a publish costs is [Cost], the only place that knows the rule.
package quota
