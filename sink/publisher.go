package sink

import (
	"time"

	"momento-bridge/pipeline"
)

// Publisher makes one publish after the other on a connection of its own. One goroutine calls its methods.
type Publisher struct {
	connection *connection
	request    [1]*pipeline.Request
	answers    []pipeline.Answered
}

// Publish sends a publish, once, and blocks until it is answered or its deadline has passed.
func (p *Publisher) Publish(r *pipeline.Request) pipeline.Answer {
	p.request[0] = r
	p.connection.Send(p.request[:], false)
	for len(p.answers) == 0 {
		p.answers = p.connection.Receive(p.answers)
	}
	a := p.answers[0].Answer
	clear(p.answers)
	p.answers = p.answers[:0]
	return a
}

// Connect makes the connection by a time, unless there is a good one.
func (p *Publisher) Connect(end time.Time) error { return p.connection.Connect(end) }

// Close closes the connection.
func (p *Publisher) Close() { p.connection.Close() }
