package simulation

import (
	"bytes"
	"slices"
	"strings"
)

var ping = []byte("PING\r\n")

// sorted puts into order what the client says in that of a map, which each process has its own of: the lines of
// headers, and the subscriptions that begin what it says, and what ends them, as after a reconnect and when a context
// ends.
func sorted(b []byte) []byte {
	sortHeaders(b)
	return sortSubscriptions(b)
}

// sortHeaders sorts the lines of the headers of all messages that are there as a whole, but for the status.
func sortHeaders(b []byte) {
	for len(b) > 0 {
		f, n := frameOf(b)
		if n == 0 {
			return
		}
		if bytes.HasPrefix(b, []byte("HPUB ")) {
			begin := bytes.IndexByte(b, '\n') + 1
			header := b[begin : n-2-len(f.payload)]
			begin = bytes.IndexByte(header, '\n') + 1
			if end := len(header) - 2; begin < end {
				lines := bytes.SplitAfter(bytes.Clone(header[begin:end]), []byte("\n"))
				slices.SortFunc(lines, bytes.Compare)
				copy(header[begin:], bytes.Join(lines, nil))
			}
		}
		b = b[n:]
	}
}

func sortSubscriptions(b []byte) []byte {
	var groups []string                           // Each with what limits it.
	if rest, ok := bytes.CutPrefix(b, ping); ok { // At the same moment as what follows it.
		return append(sortSubscriptions(rest), ping...)
	}
	rest := b
	for {
		end := bytes.IndexByte(rest, '\n') + 1
		line := rest[:end]
		begins, ends := bytes.HasPrefix(line, []byte("SUB ")), bytes.HasPrefix(line, []byte("UNSUB "))
		switch {
		case ends && len(groups) > 0 && groups[len(groups)-1][0] == 'S':
			groups[len(groups)-1] += string(line)
		case begins || ends:
			groups = append(groups, string(line))
		default:
			if len(groups) < 2 {
				return b
			}
			slices.Sort(groups)
			return append([]byte(strings.Join(groups, "")), rest...)
		}
		rest = rest[end:]
	}
}
