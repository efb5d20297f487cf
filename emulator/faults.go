package emulator

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault is something that goes wrong with a share of the publishes.
type Fault struct {
	kind   faultKind
	status int
	share  float64
}

type faultKind uint8

const (
	faultNone   faultKind = iota
	faultStatus           // A status instead of success.
	faultReset            // The publish is accepted, and the connection reset instead of an answer.
	faultDrop             // The connection is reset before the publish is accepted.
	faultHang             // No answer ever; the publish is not accepted.
)

// ParseFaults reads a list of faults and how often they happen, such as 500:1%,reset:0.1%,drop:0.1%,hang:0.01%. The
// shares may add up to 100 % at most; an empty list has no faults. The error says what to write instead.
func ParseFaults(list string) ([]Fault, error) {
	var faults []Fault
	total := 0.0
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		f, err := parseFault(item)
		if err != nil {
			return nil, err
		}
		total += f.share
		faults = append(faults, f)
	}
	if total > 1 {
		return nil, fmt.Errorf("faults %q add up to more than 100%%", list)
	}
	return faults, nil
}

// ParseShare reads a share from 0% to 100%, such as 20%, and returns it as a number from 0 to 1. An empty text is 0.
// The error says what to write instead.
func ParseShare(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	number, ok := strings.CutSuffix(text, "%")
	percent, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !(percent >= 0 && percent <= 100) {
		return 0, fmt.Errorf("%q is not a share: write one from 0%% to 100%%, such as 20%%", text)
	}
	return percent / 100, nil
}

func parseFault(item string) (Fault, error) {
	what, text, ok := strings.Cut(item, ":")
	share, err := ParseShare(text)
	if !ok || text == "" || err != nil {
		return Fault{}, fmt.Errorf("fault %q: write what and how often, such as 500:1%% or reset:0.1%%", item)
	}
	f := Fault{share: share}
	switch what {
	case "reset":
		f.kind = faultReset
	case "drop":
		f.kind = faultDrop
	case "hang":
		f.kind = faultHang
	default:
		f.kind = faultStatus
		if f.status, err = strconv.Atoi(what); err != nil || f.status < 400 || f.status > 599 {
			return Fault{}, fmt.Errorf("fault %q: it is a status from 400 to 599, reset, drop or hang", item)
		}
	}
	return f, nil
}

// String returns the fault as ParseFaults reads it.
func (f Fault) String() string {
	what := map[faultKind]string{faultReset: "reset", faultDrop: "drop", faultHang: "hang"}[f.kind]
	if f.kind == faultStatus {
		what = strconv.Itoa(f.status)
	}
	return what + ":" + strconv.FormatFloat(f.share*100, 'g', -1, 64) + "%"
}

// draw decides by chance what goes wrong with a publish.
func (s *Server) draw() (latency time.Duration, fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	latency = s.settings.Latency
	if s.settings.Jitter > 0 {
		latency += time.Duration(s.rng.Int64N(int64(s.settings.Jitter)))
	}
	if len(s.settings.Faults) == 0 {
		return latency, Fault{}
	}
	x := s.rng.Float64()
	for _, f := range s.settings.Faults {
		if x < f.share {
			return latency, f
		}
		x -= f.share
	}
	return latency, Fault{}
}

// cutOff resets the connection without an answer.
func cutOff(w http.ResponseWriter) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		unanswered()
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		unanswered()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
