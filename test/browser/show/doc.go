// Package show runs the program with a NATS server, the emulator and a browser around it, each a process of its own, for those who look at the status
// page: the tests beside it and the command that takes its pictures. It imports nothing of the program.
package show
