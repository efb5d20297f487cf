package grafana

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// hurry is how many times faster time passes for the alerts of the live test: a minute of a window or of `for` is two
// seconds. Nothing else is changed. What the daemons do takes as long as ever, so that more haste would make alerts of
// what is usual.
const hurry = 30

var (
	duration = regexp.MustCompile(`\b([0-9]+[smhd])\b`)
	age      = regexp.MustCompile(`(process_start_time_seconds < )([0-9]+)`)
)

// hurried divides every duration of the rules by hurry.
func hurried(rules string) string {
	rules = duration.ReplaceAllStringFunc(rules, func(text string) string {
		d, err := time.ParseDuration(text)
		if err != nil { // Days, which occur in texts only.
			return text
		}
		return fmt.Sprintf("%dms", (d / hurry).Milliseconds())
	})
	return age.ReplaceAllStringFunc(rules, func(text string) string {
		m := age.FindStringSubmatch(text)
		seconds, _ := strconv.Atoi(m[2])
		return m[1] + strconv.Itoa(seconds/hurry)
	})
}

func TestHurriedRulesDifferInTheirDurationsOnly(t *testing.T) {
	got := hurried(
		"rate(x[3m]) + max_over_time((y - time())[1h:1m]) and time() - process_start_time_seconds < 900 # for: 2m")
	want := "rate(x[6000ms]) + max_over_time((y - time())[120000ms:2000ms]) and time() - process_start_time_seconds " +
		"< 30 # for: 4000ms"
	if got != want {
		t.Errorf("got %s", got)
	}
}
