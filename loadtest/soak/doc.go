// Package soak publishes at a fixed rate for hours through a whole bridge, and says whether anything was lost or has
// drifted.
//
//	pacer ──▶ NATS ──▶ bridge ──▶ endpoint ──▶ subscribers ──▶ books    what was lost, twice, out of order, how late
//	                     └── gauges ──▶ samples ──▶ drift               what has changed, and since when
//
// It is told how to publish, to subscribe and to look at the bridge, and starts neither. What it keeps does not grow
// with the hours: samples are taken together once there are too many, and a book remembers what is under way.
package soak
