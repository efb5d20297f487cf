package source

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"

	"momento-bridge/pipeline"
)

// maxHops is how often a message may be kept as a dead letter, consumed as such and rejected again. It stops circles
// that go by ways nobody can see from here, such as another daemon, or a stream that changes subjects.
const maxHops = 8

const (
	hopsHeader = ourPrefix + "Hops" // How often the message has been kept as a dead letter,
	pathHeader = ourPrefix + "Path" // and where: the latest subjects, separated by commas.
)

// travel notes in the header of a dead letter, which has those of its message, how it has come this far. It is an
// error, which wraps pipeline.ErrRoundTrip, if it would go where it came from: the message arrived on the subject
// where it was kept last, and has been kept in this one before.
func (d *DeadLetters) travel(h nats.Header, arrived string) error {
	hops, _ := strconv.Atoi(h.Get(hopsHeader))
	if hops < 1 && h.Get(ourPrefix+"Route") != "" { // Of a version that did not count.
		hops = 1
	}
	var path []string
	if list := h.Get(pathHeader); list != "" {
		path = strings.Split(list, ",")
	}
	switch {
	case hops >= maxHops:
		return fmt.Errorf(
			"%w: it has been kept %d times, the last on its way to %s", pipeline.ErrRoundTrip, hops, d.subject)
	case len(path) > 0 && path[len(path)-1] == arrived && slices.Contains(path, d.subject):
		return fmt.Errorf("%w to %s, by %s: correct the routes, which consume each other's dead letters",
			pipeline.ErrRoundTrip, d.subject, strings.Join(path, ", "))
	}
	path = append(path, d.subject)
	h.Set(hopsHeader, strconv.Itoa(hops+1))
	h.Set(pathHeader, strings.Join(path[max(0, len(path)-maxHops):], ","))
	return nil
}
