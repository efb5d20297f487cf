package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestDemoTellsWhereItsPageIsAndServesIt(t *testing.T) {
	t.Parallel()
	ctx, stop := t.Context(), make(chan error, 1)
	var out, log syncBuffer
	go func() {
		stop <- run(ctx, []string{"demo", "--duration", "1s", "--rate", "100", "--quota", "1000"}, &out,
			&log)
	}()
	var page string
	eventually(t, "the page's address", func() bool {
		found := regexp.MustCompile(`Watch it in a browser: (http://127\.0\.0\.1:\d+)\n`).FindStringSubmatch(log.String())
		if found == nil {
			return false
		}
		page = found[1]
		return true
	})
	resp, err := http.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the page is answered with %d", resp.StatusCode)
	}
	if err := <-stop; err != nil || !strings.Contains(out.String(), " lost=0 duplicates=0\n") {
		t.Errorf("demo = %v, %s\n%s", err, out.String(), log.String())
	}
}
