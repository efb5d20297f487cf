package natsmodel

import "time"

// LoseAcks lets a share of the acknowledgements get lost on their way to their consumers, from 0 to 1.
func (s *Server) LoseAcks(share float64) { s.lose = share }

// ChangeLeader gives a stream and its consumers another leader.
func (s *Server) ChangeLeader(now time.Time, stream string) {
	s.Advance(now)
	_ = stream
}

// StreamInfo is what a test may know of a stream.
type StreamInfo struct {
	Messages, Bytes, First, Last uint64
	Consumers                    int
}

// ConsumerInfo is what a test may know of a consumer.
type ConsumerInfo struct {
	Delivered, AckFloor                 uint64 // Of the stream's sequences.
	DeliveredConsumer, AckFloorConsumer uint64 // Of the consumer's.
	AckPending, Redelivered, Pulls      int
	Pending                             uint64 // Not delivered yet.
}

// Stream returns what there is of a stream, false if there is none of that name.
func (s *Server) Stream(name string) (StreamInfo, bool) { _ = name; return StreamInfo{}, false }

// Consumer returns what there is of a consumer, false if there is none of that name.
func (s *Server) Consumer(stream, name string) (ConsumerInfo, bool) {
	_, _ = stream, name
	return ConsumerInfo{}, false
}
