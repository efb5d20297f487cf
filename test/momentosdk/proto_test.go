package momentosdk

import (
	"encoding/binary"
	"errors"
)

// Momento's protocol, as far as subscribers and publishers need it: proto/cachepubsub.proto of momentohq/client-protos.
// The numbers of fields and the kinds of values are facts of that file; the SDKs would not decode others.

// request is a _SubscriptionRequest, or a _PublishRequest without its sequence and page.
type request struct {
	cache, topic   string
	sequence, page uint64
	value          value // Of a publish.
}

// value is a _TopicValue: text or binary.
type value struct {
	text   *string
	binary *[]byte
}

const (
	varint = 0 // Kinds of fields.
	length = 2
)

var errProtocol = errors.New("no message of Momento's protocol")

// fields calls f for each field of a message: with its number, or its bytes.
func fields(message []byte, f func(field, number uint64, bytes []byte) error) error {
	for len(message) > 0 {
		tag, n := binary.Uvarint(message)
		if n <= 0 {
			return errProtocol
		}
		message = message[n:]
		number, n := binary.Uvarint(message)
		if n <= 0 {
			return errProtocol
		}
		message = message[n:]
		var bytes []byte
		switch tag & 7 {
		case varint:
		case length:
			if number > uint64(len(message)) {
				return errProtocol
			}
			bytes, message = message[:number], message[number:]
		default:
			return errProtocol
		}
		if err := f(tag>>3, number, bytes); err != nil {
			return err
		}
	}
	return nil
}

// subscription reads a _SubscriptionRequest.
func subscription(message []byte) (r request, err error) {
	err = fields(message, func(field, number uint64, bytes []byte) error {
		switch field {
		case 1:
			r.cache = string(bytes)
		case 2:
			r.topic = string(bytes)
		case 3:
			r.sequence = number
		case 4:
			r.page = number
		}
		return nil
	})
	return r, err
}

// publishing reads a _PublishRequest.
func publishing(message []byte) (r request, err error) {
	err = fields(message, func(field, _ uint64, bytes []byte) error {
		switch field {
		case 1:
			r.cache = string(bytes)
		case 2:
			r.topic = string(bytes)
		case 3:
			return fields(bytes, func(field, _ uint64, bytes []byte) error {
				switch text := string(bytes); field {
				case 1:
					r.value.text = &text
				case 2:
					r.value.binary = &bytes
				}
				return nil
			})
		}
		return nil
	})
	return r, err
}

// message makes a _SubscriptionItem of what a long poll has brought.
func (p *polled) message() []byte {
	switch {
	case p.Item != nil:
		return appendBytes(nil, 1, p.Item.message())
	case p.Discontinuity != nil:
		d := p.Discontinuity
		return appendBytes(nil, 2, appendNumber(appendNumber(appendNumber(nil, 1, d.Last), 2, d.New), 3, d.Page))
	}
	return heartbeat()
}

func heartbeat() []byte { return appendBytes(nil, 3, nil) }

// message makes a _TopicItem.
func (i *item) message() []byte {
	var v []byte
	if i.Value.Text != nil {
		v = appendBytes(nil, 1, []byte(*i.Value.Text))
	} else if i.Value.Binary != nil {
		v = appendBytes(nil, 2, *i.Value.Binary)
	}
	m := appendBytes(appendNumber(nil, 1, i.Sequence), 2, v)
	if i.Publisher != "" {
		m = appendBytes(m, 3, []byte(i.Publisher))
	}
	return appendNumber(m, 4, i.Page)
}

// appendNumber appends a field with a number. The protocol leaves 0 out.
func appendNumber(to []byte, field, number uint64) []byte {
	if number == 0 {
		return to
	}
	return binary.AppendUvarint(binary.AppendUvarint(to, field<<3|varint), number)
}

func appendBytes(to []byte, field uint64, bytes []byte) []byte {
	to = binary.AppendUvarint(binary.AppendUvarint(to, field<<3|length), uint64(len(bytes)))
	return append(to, bytes...)
}
