package sink

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"momento-bridge/pipeline"
	"momento-bridge/printable"
)

// response is what is looked at of an answer, as far as it has come: its body may be cut, or missing.
type response struct {
	status      int
	contentType string
	encoding    string // Content-Encoding.
	location    string
	date        string
	retryAfter  []string // In their order.
	body        []byte
	cut         bool // More of it was to come.
}

// judgement is what an answer means: the verdict, the reason of a rejection or a refusal for quota, and what to do.
type judgement struct {
	verdict pipeline.Verdict
	reason  string
	advice  string
}

// classify turns an answer into a verdict. It is a pure function of its arguments.
//
// A verdict needs evidence: a message is rejected, and a key, a topic or a cache is taken for refused, only by what
// can be Momento's answer. What cannot be, such as a web page, says that the endpoint or the way to it is not what it
// should be: the message is published later. Of a body that has not come there is no evidence: the status decides.
func classify(r *response, hidden secrets, now time.Time) pipeline.Answer {
	if r.status == http.StatusNoContent {
		return taken(r.status)
	}
	said := readBody(r, hidden)
	wait := readRetryAfter(r.retryAfter, r.date, now)
	j := judge(r.status, said, wait)
	if j.verdict == pipeline.Accept {
		return taken(r.status)
	}
	switch {
	case r.status/100 == 3:
		j.advice = redirected(r.location, hidden)
	case hidden.proxy != nil && unauthorized(r.status) && j.verdict == pipeline.Retry:
		j.advice = hidden.proxy.loginAdvice()
	}
	return pipeline.Answer{
		Verdict: j.verdict, Reason: j.reason, Result: result(r.status), Status: r.status, RetryAfter: wait,
		Detail: detail(r.status, said.text, j.advice), Advised: j.advice != "",
		Foreign: j.verdict == pipeline.Retry && (said.page || r.status/100 != 5 || j.advice != ""),
	}
}

// taken is the answer to a publish that was accepted.
func taken(status int) pipeline.Answer {
	return pipeline.Answer{Verdict: pipeline.Accept, Result: pipeline.Result204, Status: status}
}

func judge(status int, said saying, wait time.Duration) judgement {
	switch {
	case status/100 == 2:
		return judgeSuccess(status, said)
	case status == http.StatusTooManyRequests:
		return judgeRefusal(said)
	case status/100 == 5:
		return judgeFailure(status, said, wait)
	case said.page:
		return judgement{verdict: pipeline.Retry, advice: pageAdvice(status)}
	}
	switch status {
	case http.StatusBadRequest:
		return judgeBadRequest(said)
	case http.StatusUnauthorized:
		return judgement{verdict: pipeline.HaltAll}
	case http.StatusForbidden:
		return judgeForbidden(said)
	case http.StatusNotFound:
		if strings.Contains(said.words, "page not found") { // As Go's servers say for a path that they do not know.
			return judgement{verdict: pipeline.Retry, advice: pageAdvice(status)}
		}
		return judgement{verdict: pipeline.HaltCache}
	case http.StatusRequestEntityTooLarge:
		return judgement{verdict: pipeline.Reject, reason: "size_refused"}
	}
	return judgement{verdict: pipeline.Retry, advice: statusAdvice(status)}
}

// judgeSuccess is for a 2xx other than 204, which is Momento's. 200, 201 and 202 may be what something on the way
// makes of it, with no body, or one that says no more.
func judgeSuccess(status int, said saying) judgement {
	switch {
	case said.page || status > http.StatusAccepted:
		return judgement{verdict: pipeline.Retry, advice: notMomento}
	case said.failure:
		return judgement{verdict: pipeline.Retry, advice: "an error that is told as a success: " + notMomento}
	case said.stranger:
		return judgement{verdict: pipeline.Retry, advice: notMomento}
	}
	return judgement{verdict: pipeline.Accept}
}

// judgeRefusal is for a 429. Momento's other interfaces use it for the message's size as well.
func judgeRefusal(said saying) judgement {
	if said.namesSize() {
		return judgement{verdict: pipeline.Reject, reason: "size_refused"}
	}
	return judgement{verdict: pipeline.SlowDown, reason: said.quota()}
}

// statusOverloaded is what some servers answer when too much is asked of them. It stands in no specification.
const statusOverloaded = 529

// judgeFailure is for a 5xx, which is about the quota where it asks for a wait or speaks of a rate. A web page with a
// wait, such as that of a proxy during maintenance, is obeyed, but says nothing of Momento's quota.
func judgeFailure(status int, said saying, wait time.Duration) judgement {
	if !said.page && (wait > 0 || status == statusOverloaded || said.namesRate()) {
		return judgement{verdict: pipeline.SlowDown, reason: said.quota()}
	}
	return judgement{verdict: pipeline.Retry, advice: advices[status]}
}

// judgeBadRequest is for a 400, which is the message's fault unless it is known to be everybody's.
func judgeBadRequest(said saying) judgement {
	if advice := said.everybodys(); advice != "" {
		return judgement{verdict: pipeline.Retry, advice: advice}
	}
	return judgement{verdict: pipeline.Reject, reason: "bad_request"}
}

// judgeForbidden is for a 403. A role may be limited to addresses, which has nothing to do with the topic. How
// Momento words that is not documented, and an answer may name a topic, so that words alone do not halt everybody at
// once: as for an endpoint that is down, it takes several with nothing accepted.
//
// Of a quota only whole phrases speak, as a permission may have a name with such a word.
func judgeForbidden(said saying) judgement {
	if said.saysRateExceeded() {
		return judgement{verdict: pipeline.SlowDown, reason: said.quota()}
	}
	if said.namesAddress() {
		return judgement{verdict: pipeline.Retry, advice: otherAddresses}
	}
	return judgement{verdict: pipeline.HaltTopic}
}

// maxBesideAdvice bounds what is told of a body where there is advice, in bytes, so that nobody cuts that.
const maxBesideAdvice = 120

// detail puts together what was received and what to do.
func detail(status int, text, advice string) string {
	if advice != "" {
		text = printable.Bounded(text, maxBesideAdvice)
	}
	d := strconv.Itoa(status)
	if text != "" {
		d += " " + text
	}
	if advice != "" {
		d += ": " + advice
	}
	return d
}

// result is what stands in metrics for an answer that is not accepted.
func result(status int) pipeline.Result {
	switch {
	case status == 400:
		return pipeline.Result400
	case status == 401:
		return pipeline.Result401
	case status == 403:
		return pipeline.Result403
	case status == 404:
		return pipeline.Result404
	case status == 429:
		return pipeline.Result429
	case status >= 500 && status < 600:
		return pipeline.Result5xx
	}
	return pipeline.ResultOther
}
