package batch

import (
	"strings"
	"testing"
)

func TestPositionsThatNoReaderReturnsAreRefused(t *testing.T) {
	t.Parallel()
	many := `{"version":1,"streams":{"00000000":1`
	for _, digit := range "0123456789abcdef" {
		many += `,"0000001` + string(digit) + `":1`
	}
	for _, position := range []string{
		"{", "null", "7", `{"streams":{}}`, `{"version":2,"streams":{}}`, `{"version":1,"streams":{"7":1}}`,
		`{"version":1,"streams":{"0000000A":1}}`, `{"version":1,"streams":{"00000007":0}}`,
		`{"version":1,"streams":{"00000007":-1}}`, `{"version":1,"streams":{"00000007":1.5}}`,
		`{"version":1,"streams":{"00000007":9007199254740992}}`, `{"version":1,"streams":{"+0000007":1}}`, many + "}}",
	} {
		r, err := NewReader(position)
		if err == nil || r != nil || !strings.Contains(err.Error(), "the saved position") {
			t.Errorf("%s is taken: %v", position, err)
		}
	}
	for _, position := range []string{nowhere, at7(1), at7(1<<53 - 1)} {
		if r, err := NewReader(position); err != nil || r.Position() != position {
			t.Errorf("%s is refused: %v", position, err)
		}
	}
}
