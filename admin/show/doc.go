// Package show renders what daemons answer for people: as lines that fit a terminal, and in one line for logs and
// pipes. Its functions are pure: ages are by the daemons' own clocks. What comes from outside controls no terminal.
package show
