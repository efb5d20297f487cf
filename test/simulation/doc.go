// Package simulation runs the whole daemon on virtual time, in a world that one seed decides: NATS is a model
// (natsmodel), and so are the endpoint, the network, the ticks of clocks and those who publish. The world breaks them
// as its schedule says, and an oracle that knows what has truly happened judges what came out. See docs/simulation.md.
//
// One thing happens at a time: see World.
package simulation
