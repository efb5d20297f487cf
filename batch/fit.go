package batch

import "sort"

// mostTrials bounds how often one Fit deflates.
const mostTrials = 3

// usualRatio is how many times shorter bodies become, before anything is known.
const usualRatio = 4

// worthDeflating is how long a body is that is deflated although everything fits as it is. Shorter ones would cost more
// CPU than their publish does otherwise, to spare a few bytes.
const worthDeflating = 512

// Fit appends a publish of at most so many bytes to dst, with as many of the messages that were added as a few trials
// find to fit, and returns how many these are: the first n. The first message is always in it, even when it alone is
// longer than that. The body is deflated where that makes room for more messages, or the publish shorter. Nothing
// changes but what the packer has learned: the messages that are left are added again after the next Begin.
func (p *Packer) Fit(dst []byte, most int) (publish []byte, n int) {
	p.trials = 0
	if len(p.ends) == 0 {
		return dst, 0
	}
	room := most - p.headSize()
	plain := max(1, p.count(room))
	if length := p.ends[plain-1]; plain == len(p.ends) && length <= room && length < worthDeflating {
		return append(p.appendHead(dst, false), p.body...), plain
	}
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
	over := len(p.ends) + 1 // So many do not fit, as far as is known.
	ratio := p.ratio
	for p.trials < mostTrials {
		n := p.guess(room, ratio, found, over, plain)
		if n <= found || n >= over {
			break
		}
		size := p.try(n)
		ratio = float64(p.ends[n-1]) / float64(size)
		p.learn(ratio, size, room)
		if size > room && n > 1 {
			if over = n; n <= plain {
				break
			}
			continue
		}
		p.trial, p.best = p.best, p.trial
		if found = n; p.satisfied(n, size, room, ratio) {
			break
		}
	}
	return found
}

// try deflates the first n messages into p.trial, and returns how long that is.
func (p *Packer) try(n int) (size int) {
	p.trials++
	p.trial.bytes = p.trial.bytes[:0]
	deflate(&p.trial, p.body[:p.ends[n-1]])
	return len(p.trial.bytes)
}

// guess returns how many messages to try next, between what has been found to fit and what has not. Bodies of about
// the same length deflate about alike. The last trial is a careful one, if none has fitted.
func (p *Packer) guess(room int, ratio float64, found, over, plain int) int {
	margin := 0.99
	if found == 0 && p.trials == mostTrials-1 {
		margin = 0.95
	}
	if ratio == 0 {
		ratio = usualRatio
	}
	n := p.count(int(float64(room) * ratio * margin))
	if found == 0 {
		n = max(n, plain)
	}
	return min(max(n, found+1), over-1)
}

// satisfied reports whether looking for more messages is not worth deflating again.
func (p *Packer) satisfied(n, size, room int, ratio float64) bool {
	if n == len(p.ends) {
		return true
	}
	next := float64(p.ends[n]-p.ends[n-1]) / ratio
	return float64(size) >= 0.97*float64(room) || float64(size)+next > float64(room)
}

// learn notes how well a body was deflated, for the next batch. Short ones are deflated worse than those that fill a
// publish, so that they count only where they are better than what is known.
func (p *Packer) learn(ratio float64, size, room int) {
	if ratio > p.ratio || 2*size >= room {
		p.ratio = ratio
	}
}
