package batch

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
)

// refusedCase is what no decoder takes.
type refusedCase struct {
	name, why string
	publish   []byte
}

// refusedCases are made once, as bombs take time.
var refusedCases = sync.OnceValue(func() []refusedCase {
	return slices.Concat(refusedHeads(), refusedNumbers(), refusedBodies(), refusedStreams(), refusedBombs(), cutOff())
})

func refusedHeads() []refusedCase {
	hello := text("hello")
	cases := []refusedCase{
		{"nothing", "it is cut off", []byte{}},
		{"JSON", "it does not begin with f5", []byte(`["aGk=",{"a":1}]`)},
		{"another magic", "it does not begin with f5", join([]byte{0xf4, 1, 0}, hello)},
		{"version 0", "unknown version", join([]byte{0xf5, 0, 0}, hello)},
		{"version 2", "unknown version", join([]byte{0xf5, 2, 0}, hello)},
		{"a version of two bytes", "unknown version", join([]byte{0xf5, 0x81, 0, 0}, hello)},
		{"first sequence 0", "sequences begin with 1", join(head(2), marked(7, 0, 0), hello)},
		{"back to sequence 0", "back is not below first", join(head(2), marked(7, 5, 5), hello)},
		{"back to before sequence 0", "back is not below first", join(head(2), marked(7, 5, 6), hello)},
	}
	for _, flag := range []byte{0x20, 0x40, 0x80} {
		cases = append(cases, refusedCase{
			fmt.Sprintf("flag %02x", flag), "unknown flag", join(head(flag), hello),
		})
	}
	return cases
}

func refusedNumbers() []refusedCase {
	const shortest, end = "a number is not in its shortest form", "a number is not below 2^53"
	hello := text("hello")
	stream := []byte{0, 0, 0, 7}
	endless := bytes.Repeat([]byte{0xff}, 12)
	return []refusedCase{
		{"a long length", shortest, join(head(0), padded(5), []byte("hello"))},
		{"a long 0", shortest, join(head(0), padded(0))},
		{"a long first", shortest, join(head(2), stream, padded(9), number(1), hello)},
		{"a long back", shortest, join(head(2), stream, number(9), padded(1), hello)},
		{"a long step", shortest, join(head(2), marked(7, 9, 1), hello, padded(1), hello)},
		{"a long time", shortest, join(head(8), padded(2), hello)},
		{"a long count of headers", shortest, join(head(16), padded(0), hello)},
		{"a length of 2^53", end, join(head(0), number(1<<53), []byte("hello"))},
		{"a length of 2^63", end, join(head(0), number(1<<63), []byte("hello"))},
		{"a length of 2^64-1", end, join(head(0), number(1<<64-1), []byte("hello"))},
		{"a length without end", end, join(head(0), endless)},
		{"a first of 2^53", end, join(head(2), stream, number(1<<53), number(1), hello)},
		{"a back of 2^53", end, join(head(2), stream, number(9), number(1<<53), hello)},
		{"a step of 2^53", end, join(head(2), marked(7, 9, 1), hello, number(1<<53), hello)},
		{"a time of 2^52", end, join(head(8), number(1<<53), hello)},
		{"a count of 2^53 headers", end, join(head(16), number(1<<53), hello)},
		{"a step of 0", "sequences grow", join(head(2), marked(7, 9, 1), hello, number(0), hello)},
		{
			"sequences that reach 2^53", "a sequence is not below 2^53",
			join(head(2), marked(7, 1<<53-1, 1), hello, number(1), hello),
		},
		{
			"steps that reach 2^53", "a sequence is not below 2^53",
			join(head(2), marked(7, 9, 1), hello, number(1<<52), hello, number(1<<52), hello),
		},
		{
			"times beyond 2^52", "a time is beyond 2^52 milliseconds",
			join(head(8), signed(1<<52-1), hello, signed(2), hello),
		},
		{
			"times before -2^52", "a time is beyond 2^52 milliseconds",
			join(head(8), signed(-1<<52), hello, signed(-1), hello),
		},
	}
}

func refusedBodies() []refusedCase {
	const beyond = "a length goes beyond the end"
	return []refusedCase{
		{"no messages", "a batch has messages", head(0)},
		{"no messages after a marker", "a batch has messages", join(head(2), marked(7, 9, 1))},
		{"a payload beyond the end", beyond, join(head(0), number(6), []byte("hello"))},
		{"a payload far beyond the end", beyond, join(head(0), number(1<<50), []byte("hello"))},
		{"a subject beyond the end", beyond, join(head(4), number(7), text("hello"))},
		{"a name beyond the end", beyond, join(head(16), number(1), number(9), []byte("abc"))},
		{"a value beyond the end", beyond, join(head(16), number(1), text("name"), number(9), []byte("abc"))},
		{"a header too few", beyond, join(head(16), number(2), text("a"), text("b"), text("c"))},
		{"2^50 headers", beyond, join(head(16), number(1<<50), text("a"), text("b"), text("c"))},
		{"a payload that ends early", "half a message follows", join(head(0), number(4), []byte("hello"))},
		{"half a message after the body", "half a message follows", join(head(0), text("hello"), number(1))},
		{
			"a step after the last message", "half a message follows",
			join(head(2), marked(7, 9, 1), text("x"), number(1)),
		},
		{"a time after the last message", "half a message follows", join(head(8), signed(1), text("x"), signed(1))},
		{"a subject after the last message", "half a message follows", join(head(4), text("s"), text("x"), text("s"))},
		{"a body that is deflated without its flag", "half a message", join(head(0), squeezed(text("hello")))},
	}
}

func refusedStreams() []refusedCase {
	const broken, after = "no complete deflate stream", "something follows the deflate stream"
	body := join(text("hello"), text("hello again"), text("hello once more"))
	whole := squeezed(body)
	stored := deflated(body, 0)
	badSum := bytes.Clone(stored)
	badSum[3] ^= 1
	return []refusedCase{
		{"a flag without a deflate stream", broken, head(1)},
		{"a plain body with the flag of deflate", broken, join(head(1), text("hello"))},
		{"no messages in a deflate stream", "a batch has messages", join(head(1), squeezed(nil))},
		{"a byte after the deflate stream", after, join(head(1), whole, []byte{0})},
		{"many bytes after the deflate stream", after, join(head(1), whole, make([]byte, 100))},
		{"two deflate streams", after, join(head(1), whole, whole)},
		{"a message after the deflate stream", after, join(head(1), whole, text("hello"))},
		{"a byte after stored blocks", after, join(head(1), stored, []byte{0})},
		{"a deflate stream without its last byte", broken, join(head(1), whole[:len(whole)-1])},
		{"half a deflate stream", broken, join(head(1), whole[:len(whole)/2])},
		{"a deflate stream without its last block", broken, join(head(1), stored[:len(stored)-5])},
		{"half a message in a deflate stream", "half a message follows", join(head(1), squeezed(body, number(1)))},
		{"a stored block whose lengths disagree", broken, join(head(1), badSum)},
		{"a block of the type that there is not", broken, join(head(1), bitString("1 11 00000"), whole)},
		{"a distance beyond the beginning", broken, join(head(1), bitString("1 10 00110101 0000001 00001 0000000"))},
		{
			"a length that there is not", broken,
			join(head(1), bitString("1 10 00110101 11000110 00000 0000000"), []byte{0, 0}),
		},
		{
			"a distance that there is not", broken,
			join(head(1), bitString("1 10 00110101 0000001 11110 0000000"), []byte{0, 0}),
		},
		{"codes that are too many", broken, join(head(1), bitString("1 01 00000 00000 1111"+
			"100 100 100 100 100 100 100 100 100 100 100 100 100 100 100 100 100 100 100"), make([]byte, 9))},
		{"zlib around the deflate stream", broken, join(head(1), []byte{0x78, 0x9c}, whole, []byte{1, 2, 3, 4})},
		{"gzip around the deflate stream", broken, join(head(1), []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3}, whole)},
		{"deflated twice", "half a message", join(head(1), squeezed(whole))},
	}
}

func refusedBombs() []refusedCase {
	const long = "the body is longer than 1 MiB"
	return []refusedCase{
		{
			"a body of 1 MiB and a byte", long,
			join(head(1), squeezed(number(1<<20-2), make([]byte, 1<<20-2))),
		},
		{"a bomb of 4 MiB", long, join(head(1), squeezed(number(4<<20), make([]byte, 4<<20)))},
		{"65537 messages", "more than 65536 messages", join(head(1), squeezed(make([]byte, 65537)))},
		{
			"65537 headers of one message", "more than 65536 headers",
			join(head(17), squeezed(number(65537), make([]byte, 2*65537), text("x"))),
		},
		{
			"65537 headers of two messages", "more than 65536 headers",
			join(head(17), squeezed(number(65536), make([]byte, 2*65536), text("x"),
				number(1), make([]byte, 2), text("x"))),
		},
	}
}

// cutOff has a batch with everything cut off after each of its bytes.
func cutOff() (cases []refusedCase) {
	whole := join(head(0x1e), marked(7, 900, 300), signed(1795000000123), text("orders.eu"), number(1), text("name"),
		text("value"), text("payload"))
	for n := 1; n < len(whole); n++ {
		cases = append(cases, refusedCase{fmt.Sprintf("cut off after %d bytes", n), "it is cut off", whole[:n:n]})
	}
	return cases
}
