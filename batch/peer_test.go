package batch

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// peer is a process with a decoder of another language: js/peer.mjs or python/peer.py.
type peer struct {
	name string
	in   io.WriteCloser
	out  *bufio.Reader
}

func nodePeer(t *testing.T) *peer { return startPeer(t, "Node", node(t), "js/peer.mjs") }

// streamsPeer inflates as browsers do, which is slow in Node.
func streamsPeer(t *testing.T) *peer {
	t.Helper()
	if exec.CommandContext(t.Context(), node(t), "-e", "new DecompressionStream('deflate-raw')").Run() != nil {
		t.Skip("Node 18 does not inflate as browsers do; Node 20.12 does")
	}
	return startPeer(t, "DecompressionStream", node(t), "js/peer.mjs", "--streams")
}

func pythonPeer(t *testing.T) *peer { return startPeer(t, "Python", python(t), "-B", "python/peer.py") }

func python(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not on the PATH; CI has it")
	}
	return path
}

func startPeer(t *testing.T, name, program string, args ...string) *peer {
	t.Helper()
	cmd := exec.Command(program, args...) // It ends when its input does.
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil && !t.Failed() {
			t.Errorf("%s: %v", name, err)
		}
	})
	return &peer{name: name, in: in, out: bufio.NewReader(out)}
}

// ask returns the answers to questions: = and the result or its hash, ! and why it is refused, ? and what must not be.
func (p *peer) ask(questions ...[]byte) ([][]byte, error) {
	written := make(chan error, 1)
	go func() { written <- p.write(questions) }()
	answers := make([][]byte, len(questions))
	for i := range answers {
		var err error
		if answers[i], err = p.read(); err != nil {
			return nil, err
		}
	}
	return answers, <-written
}

func (p *peer) write(questions [][]byte) error {
	w := bufio.NewWriterSize(p.in, 1<<16)
	for _, q := range questions {
		if err := binary.Write(w, binary.BigEndian, uint32(len(q))); err != nil {
			return err
		}
		if _, err := w.Write(q); err != nil {
			return err
		}
	}
	return w.Flush()
}

func (p *peer) read() ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(p.out, length[:]); err != nil {
		return nil, err
	}
	answer := make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err := io.ReadFull(p.out, answer)
	return answer, err
}

// memory returns the most memory that the process has had, in MiB.
func (p *peer) memory(t *testing.T) int {
	t.Helper()
	answers, err := p.ask([]byte("M"))
	if err != nil {
		t.Fatal(err)
	}
	kib, err := strconv.Atoi(string(bytes.TrimPrefix(answers[0], []byte("="))))
	if err != nil {
		t.Fatal(err)
	}
	return kib >> 10
}

// The questions.

func unpackQuestion(publish []byte, most int) []byte {
	return append(binary.BigEndian.AppendUint32([]byte("U"), uint32(most)), publish...)
}

func readQuestion(publish []byte, number uint64) []byte {
	return append(binary.BigEndian.AppendUint64([]byte("P"), number), publish...)
}

// The results, as peers write them. Times are those of a publish that carries them.

func appendPublish(dst []byte, p Publish, timed bool) []byte {
	dst = binary.BigEndian.AppendUint32(dst, bit(p.Marked))
	dst = binary.BigEndian.AppendUint32(dst, p.Marker.Stream)
	dst = binary.BigEndian.AppendUint64(dst, p.Marker.First)
	dst = binary.BigEndian.AppendUint64(dst, p.Marker.Previous)
	return appendMessages(dst, p.Messages, timed)
}

func appendReading(dst []byte, r Reading, position string, timed bool) []byte {
	dst = appendMessages(dst, r.Messages, timed)
	dst = binary.BigEndian.AppendUint32(dst, uint32(r.Repeats))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(r.Gaps)))
	for _, g := range r.Gaps {
		dst = binary.BigEndian.AppendUint32(dst, g.Stream)
		dst = binary.BigEndian.AppendUint64(dst, g.After)
		dst = binary.BigEndian.AppendUint64(dst, g.Before)
		dst = binary.BigEndian.AppendUint32(dst, bit(g.Certain))
	}
	return appendSized(dst, position)
}

func appendMessages(dst []byte, messages []Message, timed bool) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(messages)))
	for _, m := range messages {
		dst = binary.BigEndian.AppendUint64(dst, m.Sequence)
		var time int64
		if timed {
			time = m.Time.UnixMilli()
		}
		dst = binary.BigEndian.AppendUint64(dst, uint64(time))
		dst = appendSized(dst, m.Subject)
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(m.Headers)))
		for _, h := range m.Headers {
			dst = appendSized(appendSized(dst, h.Name), h.Value)
		}
		dst = appendSized(dst, m.Payload)
	}
	return dst
}

func appendSized[T ~string | ~[]byte](dst []byte, text T) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(text))), text...)
}

func bit(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
