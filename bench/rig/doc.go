// Package rig is what benchmarks and allocation tests of the hot path share: a meter, an endpoint, and a NATS server,
// all in the process of the test. So their CPU time is part of what is measured: compare figures of one run with each
// other.
package rig
