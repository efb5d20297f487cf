package drive

import (
	"errors"
	"fmt"
	"maps"
	"sync"

	"momento-bridge/condition"
	"momento-bridge/pipeline"
)

// failuresInARow end a test: the endpoint is in trouble, which more load would only make worse.
const failuresInARow = 20

// ErrInterrupted ends a test that the user has interrupted.
var ErrInterrupted = errors.New("interrupted")

// RefusedError says that the endpoint refuses, for another reason than quota.
type RefusedError struct {
	Answer    pipeline.Answer
	KeyAdvice string // What to do about a key that is refused; empty: that is not known.
}

// Error says what to do.
func (r *RefusedError) Error() string {
	text := condition.EndpointDown.Told()
	switch r.Answer.Verdict {
	case pipeline.HaltAll:
		text = condition.KeyRefused.Told()
		if r.KeyAdvice != "" {
			text = condition.KeyRefused.Sentence() + ": " + r.KeyAdvice
		}
	case pipeline.HaltTopic:
		text = condition.RouteForbidden.Told()
	case pipeline.HaltCache:
		text = condition.CacheMissing.Told()
	case pipeline.Reject: // That of one publish is enough, as all are alike.
		text = "the publish itself is refused: check --size and --topic"
	case pipeline.Accept, pipeline.HaltRoute, pipeline.SlowDown, pipeline.Retry, pipeline.Ambiguous, pipeline.Unsent:
		if r.Answer.Advised {
			text = condition.EndpointDown.Sentence()
		}
	}
	return fmt.Sprintf("%s (%s)", text, r.Answer.Detail)
}

// stop ends the test because of an answer.
func (e *Engine) stop(a *pipeline.Answer) {
	var err error = &RefusedError{*a, e.cfg.KeyAdvice}
	e.fatal.CompareAndSwap(nil, &err)
}

// ended returns why the test must end, or nil.
func (e *Engine) ended() error {
	if e.ctx.Err() != nil {
		return ErrInterrupted
	}
	if err := e.fatal.Load(); err != nil {
		return *err
	}
	return nil
}

// refusals counts the texts of refusals. It may be used concurrently.
type refusals struct {
	mu    sync.Mutex // Guards the following.
	count map[string]int
}

// maxTexts bounds the different texts that are kept; further ones are counted together.
const maxTexts = 20

func (r *refusals) note(text string) { r.add(text, 1) }

func (r *refusals) add(text string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count == nil {
		r.count = map[string]int{}
	}
	if _, ok := r.count[text]; !ok && len(r.count) >= maxTexts {
		text = "other texts"
	}
	r.count[text] += n
}

func (r *refusals) all() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.count)
}
