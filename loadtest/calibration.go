package loadtest

import "momento-bridge/loadtest/report"

// Calibration is what this machine can do, measured before anything is published.
type Calibration struct {
	Ceiling float64         // Publishes per second at the most; 0: it was not measured.
	FitRate float64         // The highest rate whose timing is fit; 0: none is.
	Timing  []report.Timing // At several rates, the lowest first.
	Burst   float64         // How long the machine stood still at the most, in seconds.
}
