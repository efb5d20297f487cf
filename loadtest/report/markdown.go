package report

import (
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
	"time"

	"momento-bridge/loadtest/figure"
	"momento-bridge/printable"
)

// WriteMarkdown writes what a support ticket needs: what was sent where and when, and what came back.
func WriteMarkdown(to io.Writer, r *Report) error {
	if err := r.check(); err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	r = tidy(r)
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", map[string]string{Find: "Publish limit", Rate: "Publish test"}[r.Test],
		Inline(r.answer()))
	when := Fact{Name: "Time", Text: span(r.Started, r.Ended)}
	markdownTable(&b, []string{"what", "where and when"}, append([]Fact{when}, r.target()...))
	b.WriteString("\n## What was found\n\n")
	markdownTable(&b, []string{"what", "value"}, r.Facts())
	r.markdownAdvice(&b)
	r.markdownProof(&b)
	r.markdownRequest(&b)
	r.markdownRefusals(&b)
	r.markdownMinutes(&b)
	r.markdownTimes(&b)
	_, err := io.WriteString(to, b.String())
	return err
}

func markdownTable(b *strings.Builder, heads []string, facts []Fact) {
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(heads, " | "), strings.Repeat(" --- |", len(heads)))
	for _, f := range facts {
		fmt.Fprintf(b, "| %s | %s |\n", Inline(f.Name), Inline(f.Sentence()))
	}
}

// special is what has a meaning inside a line of Markdown, or of the HTML that it may hold.
var special = regexp.MustCompile("[\\\\`*\\[\\]<>|&~#]")

// Inline writes a text within a line of Markdown, or a cell of a table, so that it stays as it is.
func Inline(text string) string {
	text = special.ReplaceAllStringFunc(printable.Text(text), func(c string) string {
		switch c {
		case "<":
			return "&lt;"
		case ">":
			return "&gt;"
		case "&":
			return "&amp;"
		}
		return `\` + c
	})
	return strings.ReplaceAll(text, "_", `\_`)
}

// fence writes a block that the text cannot end.
func fence(b *strings.Builder, language, text string) {
	marks := "```"
	for strings.Contains(text, marks) {
		marks += "`"
	}
	fmt.Fprintf(b, "%s%s\n%s\n%s\n", marks, language, text, marks)
}

func (r *Report) markdownAdvice(b *strings.Builder) {
	a := r.Advice()
	if len(a.Lines) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## For the daemon's configuration\n\n")
	fence(b, "yaml", strings.Join(a.Lines, "\n"))
	fmt.Fprintf(b, "\n%s.\n", Inline(a.Why))
}

// markdownProof lists the trials that are to prove the result.
func (r *Report) markdownProof(b *strings.Builder) {
	var trials []Trial
	for _, t := range r.Trials {
		if t.Name == "prove" && t.Unfit == "" {
			trials = append(trials, t)
		}
	}
	if len(trials) == 0 {
		return
	}
	before := "Before each, more is offered until a burst is used up, and then the rate itself for a while."
	if r.RejectionsCost != nil && *r.RejectionsCost {
		before = "Before each, nothing is offered until the quota is whole again."
	}
	b.WriteString(
		"\n## The trials at the clean and the failing rate\n\n" + before +
			" A trial ends when it has failed. The interval of the share of refusals is exact, with 95 % " +
			"confidence.\n\n" +
			"| began (UTC) | offered | lasted | accepted | refused | failed | share refused |\n" +
			"| --- | --: | --: | --: | --: | --: | --: |\n")
	for _, t := range trials {
		began := r.Started.Add(time.Duration(t.Began * float64(time.Second))).UTC()
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |\n", began.Format(secondLayout), figure.Rate(t.Rate),
			figure.Duration(t.Seconds),
			figure.Count(t.Accepted), t.refusedText(), figure.Count(t.Failed), t.interval())
	}
}

// counted is how many publishes of a trial count.
func (t *Trial) counted() int { return t.Accepted + t.Refused + t.Failed }

func (t *Trial) refusedText() string {
	text := figure.Count(t.Refused)
	if t.Excused > 0 {
		text += ", excused: " + figure.Count(t.Excused)
	}
	return text
}

// interval writes the share of refusals with its interval.
func (t *Trial) interval() string {
	if t.counted() == 0 {
		return "none sent"
	}
	low, high := interval(t.Refused, t.counted())
	return fmt.Sprintf("%s (%s to %s)", figure.Share(share(t.Refused, t.counted())), figure.Share(low),
		figure.Bound(high))
}

// markdownRequest shows the plain HTTP call.
func (r *Report) markdownRequest(b *strings.Builder) {
	t := &r.Target
	if t.Via != "" || len(t.Caches) == 0 {
		return
	}
	host := t.Endpoint
	if u, err := url.Parse(t.Endpoint); err == nil && u.Host != "" {
		host = u.Host
	}
	b.WriteString("\n## What was sent\n\nNo SDK takes part: each publish is one HTTP/1.1 request on a connection " +
		"that is kept open.\n\n")
	fence(b, "http", fmt.Sprintf("POST /topics/%s/%s HTTP/1.1\nHost: %s\nAuthorization: (API key)\n"+
		"Content-Type: application/octet-stream\nContent-Length: %d\n\n(%d bytes)",
		url.PathEscape(t.Caches[0]), url.PathEscape(t.Topic), printable.Text(host), t.Bytes, t.Bytes))
}

func (r *Report) markdownRefusals(b *strings.Builder) {
	if len(r.Refusals) == 0 {
		return
	}
	b.WriteString("\n## What refusals said\n\nThe distinct bodies of the 429s, and how often each came.\n")
	for _, refusal := range r.Refusals {
		fmt.Fprintf(b, "\n%s times:\n\n", figure.Count(refusal.Count))
		fence(b, "", refusal.shown())
	}
}

// markdownMinutes lists the minutes, which support can hold against what it sees.
func (r *Report) markdownMinutes(b *strings.Builder) {
	var minutes []Second
	var names []time.Time
	for _, s := range r.Seconds {
		minute := r.Started.Add(time.Duration(s.At) * time.Second).UTC().Truncate(time.Minute)
		if len(names) == 0 || !minute.Equal(names[len(names)-1]) {
			names, minutes = append(names, minute), append(minutes, Second{})
		}
		m := &minutes[len(minutes)-1]
		m.Offered, m.Accepted, m.Refused, m.Failed = m.Offered+s.Offered, m.Accepted+s.Accepted, m.Refused+s.Refused,
			m.Failed+s.Failed
	}
	if len(minutes) == 0 {
		return
	}
	b.WriteString("\n## Minute by minute\n\n| minute (UTC) | offered | accepted | refused | failed |\n" +
		"| --- | --: | --: | --: | --: |\n")
	for i, m := range minutes {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", names[i].Format(minuteLayout), figure.Count(m.Offered),
			figure.Count(m.Accepted), figure.Count(m.Refused), figure.Count(m.Failed))
	}
}

func (r *Report) markdownTimes(b *strings.Builder) {
	rows := r.timings()
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## Times\n\n%s.\n\n| %s |\n| --- | --- |%s\n", timesExplained, strings.Join(timeHeads, " | "),
		strings.Repeat(" --: |", len(timeHeads)-2))
	for _, row := range rows {
		cells := row.cells()
		cells[0] = Inline(cells[0])
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
	}
}
