// Package status says how a daemon is: Of makes of facts, which are snapshots, what the status, its page, /readyz and
// the metrics tell, the state with its sentence first. It is a pure function: it asks nobody and knows no clock.
package status
