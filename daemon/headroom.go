package daemon

import "momento-bridge/config"

const (
	// headroom is how much garbage may come together, besides as much as is in use, where payloads may be large.
	headroom = 64 << 20
	// largePayload is what a route takes if its payloads may be large.
	largePayload = 16 << 10
)

// headroomFor returns memory for the daemon to hold and never to touch, so that it exists for the garbage collector
// alone. That runs when as much has been allocated as is in use, which is little: for every few payloads of 1 MiB, each
// of which the NATS client allocates, it would cost as much as carrying them. nil where payloads are small.
func headroomFor(c *config.Config) []byte {
	for i := range c.Routes {
		if c.Routes[i].MaxPayload > largePayload {
			return make([]byte, headroom)
		}
	}
	return nil
}
