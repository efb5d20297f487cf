package report

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxText is how much is kept of a text that came from elsewhere, in bytes.
	maxText = 2048
	// maxRefusals is how many distinct refusals are kept: those that came most often.
	maxRefusals = 100
)

// tidy returns a copy that can be handed to others: long texts are cut, what looks like an API key is taken out, lists
// are never nil. What it does not change it shares with the report.
func tidy(r *Report) *Report {
	c := *r
	c.Reason, c.Expected = safe(r.Reason), safe(r.Expected)
	c.Target.Endpoint, c.Target.Topic = plainEndpoint(r.Target.Endpoint), safe(r.Target.Topic)
	c.Target.Caches = make([]string, len(r.Target.Caches))
	for i, cache := range r.Target.Caches {
		c.Target.Caches[i] = safe(cache)
	}
	if r.Settings.Labels != nil {
		c.Settings.Labels = map[string]string{}
		for k, v := range r.Settings.Labels {
			c.Settings.Labels[safe(k)] = safe(v)
		}
	}
	c.Dimensions = slices.Clone(r.Dimensions)
	for i := range c.Dimensions {
		c.Dimensions[i].Unfit = safe(c.Dimensions[i].Unfit)
	}
	c.Goals = slices.Clone(r.Goals)
	for i := range c.Goals {
		c.Goals[i].Reason = safe(c.Goals[i].Reason)
	}
	c.Refusals = tidyRefusals(r.Refusals)
	c.Trials = append([]Trial{}, r.Trials...)
	for i := range c.Trials {
		c.Trials[i].Unfit = safe(c.Trials[i].Unfit)
	}
	c.Seconds = append([]Second{}, r.Seconds...)
	c.Plateau = append([]Point{}, r.Plateau...)
	c.Latency = map[string]Latency{}
	maps.Copy(c.Latency, r.Latency)
	c.BurstEvidence, c.LimiterEvidence = allSafe(r.BurstEvidence), allSafe(r.LimiterEvidence)
	c.withoutGuesses()
	return &c
}

func allSafe(texts []string) []string {
	texts = slices.Clone(texts)
	for i := range texts {
		texts[i] = safe(texts[i])
	}
	return texts
}

// tidyRefusals puts the most frequent first. Texts that have become the same are one.
func tidyRefusals(from []Refusal) []Refusal {
	counts := map[string]int{}
	for _, refusal := range from {
		counts[safe(refusal.Text)] += refusal.Count
	}
	refusals := make([]Refusal, 0, len(counts))
	for text, count := range counts {
		refusals = append(refusals, Refusal{text, count})
	}
	slices.SortFunc(refusals, func(a, b Refusal) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return strings.Compare(a.Text, b.Text)
	})
	return refusals[:min(len(refusals), maxRefusals)]
}

// keys match Momento's API keys: base64 of JSON, with or without a signature. An endpoint may repeat in a refusal what
// it was sent.
var keys = regexp.MustCompile(`eyJ[A-Za-z0-9_\-+/=.]{20,}`)

const cutMark = "… (cut)"

func safe(text string) string {
	text = keys.ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), "(API key)")
	if len(text) <= maxText {
		return text
	}
	text = text[:maxText-len(cutMark)]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text + cutMark
}

// plainEndpoint leaves out user, query and fragment, where a key could be.
func plainEndpoint(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return safe(endpoint)
	}
	u.User, u.RawQuery, u.Fragment, u.ForceQuery = nil, "", "", false
	return safe(u.String())
}

// latencies returns every distribution of the report.
func (r *Report) latencies() map[string]*Latency {
	all := map[string]*Latency{}
	add := func(name string, l *Latency) {
		all[name] = l
		if l.Service != nil {
			all[name+" service"] = l.Service
		}
	}
	for name, l := range r.Latency {
		add(name, &l)
	}
	add("send delay", &r.Generator.SendDelay)
	if r.Delivery != nil {
		add("delivery", &r.Delivery.Latency)
	}
	return all
}

// order is that of the distributions where people read them; others come after these.
var order = []string{"50%", "80%", "95%", "plateau", "accepted", "refused", "failed"}

// names returns the names of the distributions, in order.
func (r *Report) names() []string {
	place := func(name string) string {
		if i := slices.Index(order, name); i >= 0 {
			return fmt.Sprintf("0%d", i)
		}
		return "1" + name
	}
	return slices.SortedFunc(maps.Keys(r.Latency), func(a, b string) int { return strings.Compare(place(a), place(b)) })
}
