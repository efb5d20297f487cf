// Package group shares quotas between processes that publish to the same account. It is arithmetic on the times and
// messages that it is given: it reads no clock, takes no lock, blocks nowhere, logs nothing, and knows no network. Its
// types are not safe for concurrent use.
//
//	            ┌── Report: what I have published and want ──▶┐
//	member Node ┤                                             ├ keeper Node ──▶ its pacers learn for all
//	            └◀── Level: how much each may take ───────────┘
//
// Each member reports what it wants and what was accepted and refused. The keeper, which is the one that began first,
// tells its own [quota.Pacer] of that, so that its learner finds the quota as if one process published everything. Of
// the learner's rate it computes one number, the level: each member's share is what it wants, and no more than the
// level. The level also carries what has been learned, so that everybody can go on when the keeper is gone. A member
// that is alone changes nothing: its pacers are what they are without a group.
//
//	message.go  what is sent, and what of it is believed
//	node.go     one member: who is there, who keeps
//	use.go      what it has used and wants
//	follow.go   its share of what another one keeps
//	keep.go     the quota that it keeps for all
//	level.go    the water level
//	unkept.go   what it takes until a keeper answers
package group
