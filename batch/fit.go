package batch

import "sort"

// mostTrials bounds how often one Fit deflates.
const mostTrials = 3

// Fit appends a publish of at most so many bytes to dst, with as many of the messages that were added as a few trials
// find to fit, and returns how many these are: the first n. The first message is always in it, even when it alone is
// longer than that. The body is deflated where that makes the publish shorter. Nothing changes but what the packer has
// learned: the messages that are left are added again after the next Begin.
func (p *Packer) Fit(dst []byte, most int) (publish []byte, n int) {
	p.trialsRun = 0
	if len(p.ends) == 0 {
		return dst, 0
	}
	room := most - p.headSize()
	plain := max(1, p.count(room))
	deflated := p.search(room, plain)
	if deflated > plain || deflated == plain && len(p.best.bytes) < p.ends[plain-1] {
		return append(p.appendHead(dst, true), p.best.bytes...), deflated
	}
	return append(p.appendHead(dst, false), p.body[:p.ends[plain-1]]...), plain
}

// count returns how many messages fit into so many bytes of body.
func (p *Packer) count(bytes int) int { return sort.SearchInts(p.ends, bytes+1) }

// search deflates a few prefixes of the body, and leaves the best that fits in p.best. It returns its messages; 0 if
// none was found that fits or is alone.
func (p *Packer) search(room, plain int) (found int) {
	s := span{room: float64(room), under: 0, over: len(p.ends) + 1}
	ratio := p.ratio
	for trial := range mostTrials {
		n := p.guess(&s, trial, ratio, plain)
		if n <= s.under || n >= s.over {
			break
		}
		body := p.ends[n-1]
		p.trial.bytes = p.trial.bytes[:0]
		deflate(&p.trial, p.body[:body])
		p.trialsRun++
		size := len(p.trial.bytes)
		ratio = float64(body) / float64(size)
		if size <= room || n == 1 {
			p.trial, p.best = p.best, p.trial
			found, s.under = n, n
			p.ratio = ratio
			if p.satisfied(n, size, room, ratio) {
				break
			}
			continue
		}
		s.over = n
		p.ratio = ratio
		if n <= plain {
			break
		}
	}
	return found
}

// span is what a search knows: so many messages fit, so many do not.
type span struct {
	room        float64
	under, over int
}

// guess returns how many messages to try next.
func (p *Packer) guess(s *span, trial int, ratio float64, plain int) int {
	if ratio == 0 {
		ratio = 4
	}
	margin := 0.99
	if s.under == 0 && trial == mostTrials-1 {
		margin = 0.95
	}
	n := p.count(int(s.room * ratio * margin))
	if s.under == 0 {
		n = max(n, min(plain, len(p.ends)))
	}
	return min(max(n, s.under+1), s.over-1)
}

// satisfied reports whether looking for more messages is not worth deflating again.
func (p *Packer) satisfied(n, size, room int, ratio float64) bool {
	if n == len(p.ends) {
		return true
	}
	next := float64(p.ends[n] - p.ends[n-1])
	return float64(size)+next/ratio > float64(room) || float64(size) >= 0.97*float64(room)
}
