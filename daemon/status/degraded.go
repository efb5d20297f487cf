package status

import (
	"fmt"
	"strings"

	"momento-bridge/admin"
	"momento-bridge/condition"
	"momento-bridge/pipeline"
	"momento-bridge/terminal"
)

// degraded says what of a route does not flow while the rest of it does, and what to do; empty: nothing is known not
// to.
func degraded(r *pipeline.RouteStats) string {
	if r.State != pipeline.Running {
		return ""
	}
	if text := forbidden(r); text != "" {
		return text
	}
	if r.Aside > 0 {
		return asideText(r.Aside, r.AsideTopics) + " put aside, as the endpoint refuses them again and again; " +
			condition.PutAside.Advice()
	}
	return ""
}

// forbidden says what of a route the key may not publish, or the endpoint rejects, while the rest flows.
func forbidden(r *pipeline.RouteStats) string {
	if r.State == pipeline.Parked {
		return ""
	}
	var texts []string
	if r.HaltedParts > 0 {
		texts = append(texts, fmt.Sprintf(
			"%d of %d partitions: all that is published is refused; the last problems say why",
			r.HaltedParts, r.Parts))
	}
	if r.Forbidden > 0 {
		texts = append(texts, forbiddenTopics(r)+"; "+condition.TopicsForbidden.Advice())
	}
	return Bounded(strings.Join(texts, "; "))
}

// forbiddenTopics says which topics are forbidden, and how many messages wait for them.
func forbiddenTopics(r *pipeline.RouteStats) string {
	text := fmt.Sprintf("the API key may not publish to %d of its topics", r.Forbidden)
	if n := len(r.ForbiddenTopics); n > 0 {
		text += " (" + strings.Join(r.ForbiddenTopics, ", ")
		if n < r.Forbidden {
			text += " and others"
		}
		text += ")"
	}
	return text + ", with " + terminal.Plural(r.ForbiddenHeld, "message") + " waiting for them"
}

// inPart adds to a state and its sentence what of the routes does not flow while the rest does.
func inPart(s *admin.Status, state admin.State, text string) (admin.State, string) {
	var parts []string
	partly := false
	for i := range s.Routes {
		r := &s.Routes[i]
		partly = partly || r.Degraded != ""
		if r.Degraded != "" && r.Degraded == r.Reason {
			parts = append(parts, r.Name+": "+r.Degraded)
		}
	}
	if !partly || state == admin.Stopping {
		return state, text
	}
	what := "A part does not flow: " + some(parts) + "."
	switch {
	case state.Severity() == admin.Bad && len(parts) > 0:
		return state, text + " " + what
	case state.Severity() == admin.Bad:
		return state, text
	case len(parts) > 0:
		text = what + " The rest: " + text
	}
	return stateOf(condition.TopicsForbidden), text
}
