package natsmodel

// StreamInfo is what there is in a stream.
type StreamInfo struct {
	Messages    int
	Bytes       uint64
	First, Last uint64 // Sequences.
	Consumers   int
}

// ConsumerInfo is where a consumer is.
type ConsumerInfo struct {
	Delivered, AckFloor                 uint64 // Of the stream's sequences,
	DeliveredConsumer, AckFloorConsumer uint64 // and of the consumer's.
	AckPending                          int    // Delivered and not acknowledged,
	Redelivered                         int    // and delivered more than once.
	Pending                             uint64 // Not delivered yet.
	Pulls                               int    // Requests that wait.
}

// Stored is a message in a stream. Its bytes must not be changed.
type Stored struct {
	Sequence uint64
	Subject  string
	Header   []byte
	Data     []byte
}

// Stream tells of a stream, false if there is none of that name.
func (s *Server) Stream(name string) (StreamInfo, bool) {
	st := s.streamNamed(name)
	if st == nil {
		return StreamInfo{}, false
	}
	return StreamInfo{
		Messages: st.store.live, Bytes: st.store.bytes, First: st.store.first, Last: st.store.last,
		Consumers: len(st.consumers),
	}, true
}

// Consumer tells of a consumer, false if there is none of that name.
func (s *Server) Consumer(stream, name string) (ConsumerInfo, bool) {
	st := s.streamNamed(stream)
	if st == nil {
		return ConsumerInfo{}, false
	}
	o := st.consumer(name)
	if o == nil {
		return ConsumerInfo{}, false
	}
	return ConsumerInfo{
		Delivered: o.delivered.stream, DeliveredConsumer: o.delivered.consumer,
		AckFloor: o.keptFloor.stream, AckFloorConsumer: o.keptFloor.consumer,
		AckPending: len(o.pending), Redelivered: len(o.redelivered), Pending: o.pendingCount, Pulls: len(o.pulls),
	}, true
}

// Message returns a message of a stream, false if there is none with this sequence.
func (s *Server) Message(stream string, seq uint64) (Stored, bool) {
	st := s.streamNamed(stream)
	if st == nil {
		return Stored{}, false
	}
	m := st.store.get(seq)
	if m == nil {
		return Stored{}, false
	}
	return Stored{Sequence: m.seq, Subject: m.subject, Header: m.header, Data: m.data}, true
}
