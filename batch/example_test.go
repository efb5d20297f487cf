package batch_test

import (
	"fmt"

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
