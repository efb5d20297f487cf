package lab

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// OwnCPU returns the CPU time that this process has used so far; 0 if that cannot be read.
func OwnCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Machine is the time that all cores together have had, and have been idle for.
type Machine struct{ all, idle uint64 }

// ReadMachine reads Linux's counters; without them nothing is ever busy.
func ReadMachine() (m Machine) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return m
	}
	var user, nice, system, idle, iowait, irq, softirq, steal uint64
	if _, err := fmt.Sscanf(string(text), "cpu %d %d %d %d %d %d %d %d", &user, &nice, &system, &idle, &iowait, &irq,
		&softirq, &steal); err != nil {
		return m
	}
	return Machine{all: user + nice + system + idle + iowait + irq + softirq + steal, idle: idle + iowait}
}

// Since is the share of busy time since another reading.
func (m Machine) Since(before Machine) float64 {
	if m.all <= before.all {
		return 0
	}
	return 1 - float64(m.idle-before.idle)/float64(m.all-before.all)
}
