// Package show runs the program with a NATS server and the emulator, and a browser, for those who look at the status
// page: the tests beside it and the command that takes its pictures.
package show
