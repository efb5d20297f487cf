package batch_test

import (
	"fmt"
	"time"

	"momento-bridge/batch"
)

// A batch is made message by message: Size says what each adds, so that a bound is kept without encoding twice.
func ExampleParse() {
	framing, err := batch.Parse("json")
	if err != nil {
		fmt.Println(err)
		return
	}
	var dst []byte
	for _, message := range []string{`{"price":101.5}`, `{"price":101.25}`, "not JSON"} {
		size, err := framing.Size([]byte(message))
		if err != nil {
			fmt.Println(err)
			continue
		}
		dst = framing.Append(dst, []byte(message), size)
	}
	fmt.Printf("%s\n", framing.End(dst))
	// Output: [{"price":101.5},{"price":101.25},"bm90IEpTT04="]
}

// A subscriber takes a batch apart. The messages come back byte for byte.
func ExampleSplit() {
	messages, err := batch.Split(batch.JSON, []byte(`[{"price":101.5},{"price":101.25},"bm90IEpTT04="]`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, message := range messages {
		fmt.Printf("%s\n", message)
	}
	// Output:
	// {"price":101.5}
	// {"price":101.25}
	// not JSON
}

// What was cut off on its way is noticed.
func ExampleSplit_cutOff() {
	_, err := batch.Split(batch.Lines, []byte("first\nseco"))
	fmt.Println(err)
	// Output: the last line of the batch does not end with a line feed: it has been cut off
}

// A route that carries subjects packs them beside the payloads. What does not fit goes into the next batch.
func ExamplePacker() {
	packer := batch.NewPacker(&batch.Packing{Subject: true})
	packer.Begin(0xcafe0001, 16)
	packer.Add([]byte("first"), 17, "orders.eu", time.Now(), nil)
	packer.Add([]byte("second"), 19, "orders.us", time.Now(), nil)
	data, n := packer.Fit(nil, 4096)

	publish, err := batch.Unpack(data, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(n, "messages after", publish.Marker.Previous)
	for _, m := range publish.Messages {
		fmt.Printf("%d %s %s\n", m.Sequence, m.Subject, m.Payload)
	}
	// Output:
	// 2 messages after 16
	// 17 orders.eu first
	// 19 orders.us second
}

// A subscriber gets nothing twice, and goes on where it was when it starts again.
func ExampleReader() {
	first := []byte("\xf5\x01\x02\xca\xfe\x00\x01\x11\x00\x01a\x01\x01b") // Sequences 17 and 18.
	next := []byte("\xf5\x01\x02\xca\xfe\x00\x01\x14\x01\x01d")           // Sequence 20, after 19.

	reader, _ := batch.NewReader("")
	for _, data := range [][]byte{first, first} {
		reading, err := reader.Read(data, 0)
		fmt.Println(len(reading.Messages), "messages,", reading.Repeats, "repeats", err)
	}
	reader, _ = batch.NewReader(reader.Position())
	reading, err := reader.Read(next, 0)
	fmt.Println(len(reading.Messages), "messages,", len(reading.Gaps), "gap after", reading.Gaps[0].After, err)
	fmt.Println(reader.Position())
	// Output:
	// 2 messages, 0 repeats <nil>
	// 0 messages, 2 repeats <nil>
	// 1 messages, 1 gap after 18 <nil>
	// {"version":1,"streams":{"cafe0001":20}}
}
