package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// usage is who used the machine. The endpoint is this process.
type usage struct {
	daemon, endpoint time.Duration
	busy             float64 // Share of all cores, whoever used them.
}

func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// machine is the time that all cores together have had, and have been idle for.
type machine struct{ all, idle uint64 }

// readMachine reads Linux's counters; without them nothing is ever busy.
func readMachine() (m machine) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return m
	}
	var user, nice, system, idle, iowait, irq, softirq, steal uint64
	if _, err := fmt.Sscanf(string(text), "cpu %d %d %d %d %d %d %d %d", &user, &nice, &system, &idle, &iowait, &irq, &softirq, &steal); err != nil {
		return m
	}
	return machine{all: user + nice + system + idle + iowait + irq + softirq + steal, idle: idle + iowait}
}

// since is the share of busy time since another reading.
func (m machine) since(before machine) float64 {
	if m.all <= before.all {
		return 0
	}
	return 1 - float64(m.idle-before.idle)/float64(m.all-before.all)
}
