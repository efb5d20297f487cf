// Package daemon is the running bridge, to be embedded: NewPlan turns a configuration into what the parts take, New
// connects the parts, Run carries messages until its context is done and then drains. Beside them stand the checks of a
// configuration and the replay of dead letters, which need the same plan.
//
// It reads no flags, no signals and of the environment only what a plan says it does: what asks it to stop, to hurry
// and to read its configuration again is handed in.
//
// A message's way leads through other packages: source, pipeline, sink. Here is what watches over them: the sampler
// (rates, backlogs, forecasts), the watchdog (pulses, probes), what health, status and metrics tell of them, and what
// was logged as a problem.
package daemon
