package repeats

import (
	"errors"

	"momento-bridge/batch"
)

// subscriber is one of a topic, with what its topic has had.
type subscriber struct {
	reader   *batch.Reader
	number   uint64         // Momento's own of the latest item.
	accepted map[uint64]int // How often each message was accepted.

	delivered []uint64 // By the reader, in order.
	repeats   int      // That it dropped.
	gaps      map[between]bool
}

// between is a gap: after one message and before another. It is certain or not.
type between struct{ after, before uint64 }

func newSubscriber() *subscriber {
	reader, _ := batch.NewReader("") // No position can be wrong.
	return &subscriber{reader: reader, accepted: map[uint64]int{}, gaps: map[between]bool{}}
}

// accept notes an item of Momento's, whether the subscriber gets it or not.
func (s *subscriber) accept(numbers []uint64) {
	s.number++
	for _, n := range numbers {
		s.accepted[n]++
	}
}

// restartEvery is how many items a reader reads before another one goes on at its position.
const restartEvery = 50

// read gives the latest item to the reader.
func (s *subscriber) read(body []byte) error {
	got, err := s.reader.Read(body, s.number)
	if err != nil {
		return err
	}
	s.repeats += got.Repeats
	for _, gap := range got.Gaps {
		at := between{gap.After, gap.Before}
		s.gaps[at] = s.gaps[at] || gap.Certain
	}
	for _, m := range got.Messages {
		s.delivered = append(s.delivered, m.Sequence)
	}
	if s.number%restartEvery != 0 {
		return nil
	}
	position := s.reader.Position()
	if s.reader, err = batch.NewReader(position); err != nil {
		return errors.Join(errors.New("a reader cannot go on at another one's position"), err)
	}
	// It was there all the time, and knows the number of the item before: what is not to be read again is nothing.
	_, err = s.reader.Read(body, s.number)
	return err
}

// holes returns the runs of messages that were not delivered, by the messages before and after, with whether none of
// them was ever accepted. all are those of the topic, in order.
func (s *subscriber) holes(all []uint64) map[between]bool {
	holes, next := map[between]bool{}, 0
	last, missing, never := uint64(0), false, true
	for _, n := range all {
		if next < len(s.delivered) && s.delivered[next] == n {
			if missing && last > 0 {
				holes[between{last, n}] = never
			}
			last, missing, never = n, false, true
			next++
			continue
		}
		missing, never = true, never && s.accepted[n] == 0
	}
	return holes
}
