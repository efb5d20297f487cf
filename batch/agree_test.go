package batch

import (
	"bytes"
	"crypto/sha256"
	"os"
	"strconv"
	"testing"

	"momento-bridge/test/long"
)

// batches is how many batches a test takes: BATCHES, or what it would take otherwise.
func batches(t *testing.T, otherwise int) int {
	t.Helper()
	asked := os.Getenv("BATCHES")
	if asked == "" {
		return otherwise
	}
	n, err := strconv.Atoi(asked)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// hostileBatches is how many batches the decoders are compared with.
func hostileBatches(t *testing.T) int {
	t.Helper()
	return batches(t, long.Or(1000, 20_000))
}

// mostMemory is what a decoder may take: most of it is the runtime and what waits to be collected.
const mostMemory = 384 // MiB

func TestDecodersAgreeOnHostileBatches(t *testing.T) {
	t.Parallel()
	compareDecoders(t, hostileBatches(t), nodePeer(t), pythonPeer(t))
}

func TestDecompressionStreamAgreesOnHostileBatches(t *testing.T) {
	t.Parallel()
	compareDecoders(t, hostileBatches(t)/30, streamsPeer(t))
}

// compareDecoders gives hostile batches to all decoders. They agree on which are refused, and on every byte of the
// others.
func compareDecoders(t *testing.T, n int, peers ...*peer) {
	t.Helper()
	h := newHostile(t, 1)
	refused := 0
	for done := 0; done < n; done += 1000 {
		questions := make([][]byte, min(1000, n-done))
		for i := range questions {
			questions[i] = unpackQuestion(h.next())
		}
		refused += compareAnswers(t, peers, questions)
		if t.Failed() {
			return
		}
	}
	for _, p := range peers {
		used := p.memory(t)
		t.Logf("%s: %d batches, %d refused, at most %d MiB of memory", p.name, n, refused, used)
		if used > mostMemory {
			t.Errorf("%s took %d MiB", p.name, used)
		}
	}
	if refused < n/4 || refused > n*9/10 {
		t.Errorf("%d of %d are refused: they are no test", refused, n)
	}
}

func compareAnswers(t *testing.T, peers []*peer, questions [][]byte) (refused int) {
	t.Helper()
	answers := make([]chan [][]byte, len(peers))
	for i, p := range peers {
		answers[i] = make(chan [][]byte, 1)
		go func() {
			given, err := p.ask(questions...)
			if err != nil {
				t.Errorf("%s: %v", p.name, err)
			}
			answers[i] <- given
		}()
	}
	want := make([][]byte, len(questions))
	for i, q := range questions {
		if want[i] = goAnswer(q); want[i][0] == '!' {
			refused++
		}
	}
	for i, p := range peers {
		for k, got := range <-answers[i] {
			if !same(got, want[k]) {
				t.Errorf("%q: Go says %.200q, %s %.500q", questions[k], want[k], p.name, got)
				return refused
			}
		}
	}
	return refused
}

// same reports whether two answers are the same. Reasons differ.
func same(got, want []byte) bool {
	return got[0] == want[0] && (got[0] == '!' || bytes.Equal(got, want))
}

// goAnswer answers a question to unpack as peers do.
func goAnswer(question []byte) []byte {
	most := int(question[1])<<24 | int(question[2])<<16 | int(question[3])<<8 | int(question[4])
	publish, err := Unpack(question[5:], most)
	if err != nil {
		return append([]byte("!"), err.Error()...)
	}
	return hashed(appendPublish(nil, publish, question[5+2]&flagTime != 0))
}

func hashed(result []byte) []byte {
	sum := sha256.Sum256(result)
	return append([]byte("="), sum[:]...)
}
