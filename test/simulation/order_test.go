package simulation

import "testing"

func TestWhatTheClientSaysInTheOrderOfAMapIsSorted(t *testing.T) {
	for _, c := range []struct{ what, one, other string }{
		{"subscriptions", "SUB a 1\r\nSUB b 2\r\nPING\r\n", "SUB b 2\r\nSUB a 1\r\nPING\r\n"},
		{
			"headers",
			"HPUB s 24 26\r\nNATS/1.0\r\nA: 1\r\nB: 2\r\n\r\nB:\r\nHPUB s 18 18\r\nNATS/1.0\r\nA: 1\r\n\r\n\r\n",
			"HPUB s 24 26\r\nNATS/1.0\r\nB: 2\r\nA: 1\r\n\r\nB:\r\nHPUB s 18 18\r\nNATS/1.0\r\nA: 1\r\n\r\n\r\n",
		},
	} {
		one, other := string(sorted([]byte(c.one))), string(sorted([]byte(c.other)))
		if one != other || len(one) != len(c.one) {
			t.Errorf("%s: %q and %q", c.what, one, other)
		}
	}
}
