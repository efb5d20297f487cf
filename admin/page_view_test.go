package admin

import (
	"html"
	"maps"
	"regexp"
	"testing"
)

// sent returns what the first event says of the page.
func sent(t *testing.T, s Status) view {
	t.Helper()
	url, _ := listener(t, Config{History: &History{}, Status: func() Status { return s }})
	return firstPage(t, url)
}

// rendered reads from the page what it shows of a status. A list that stands in several tables has the texts of all.
func rendered(t *testing.T, s Status) view {
	t.Helper()
	text, err := renderPage(&s)
	if err != nil {
		t.Fatal(err)
	}
	page := regexp.MustCompile(`(?s)<template>.*?</template>`).ReplaceAllString(string(text), "")
	now := regexp.MustCompile(`<time [^>]*>(.*?)</time>`).FindStringSubmatch(page)
	icon := regexp.MustCompile(`href="[^"]*/(\w+)\.svg"`).FindStringSubmatch(page)
	if now == nil || icon == nil {
		t.Fatalf("the page has no time or no icon:\n%s", page)
	}
	v := view{Icon: icon[1], row: row{Texts: map[string]string{"now": now[1]}}, Lists: map[string][]row{}}
	tokens := regexp.MustCompile(`data-list="(?<list>\w+)"|<tr[^>]* (?<row>data-row)>|(?<end></tbody>)|` +
		`data-tone="(?<tone>\w+)"|data-v="(?<name>[^"]+)"[^>]*>(?<text>[^<]*)<`)
	at, list, n := &v.row, "", 0
	for _, found := range tokens.FindAllStringSubmatch(page, -1) {
		part := func(name string) string { return found[tokens.SubexpIndex(name)] }
		switch {
		case part("list") != "":
			list, n = part("list"), 0
			v.Lists[list] = append([]row{}, v.Lists[list]...)
		case part("row") != "":
			if n == len(v.Lists[list]) {
				v.Lists[list] = append(v.Lists[list], row{Texts: map[string]string{}})
			}
			at = &v.Lists[list][n]
			n++
		case part("end") != "":
			at = &v.row
		case part("tone") != "":
			at.Tone = part("tone")
		default:
			at.Texts[part("name")] = html.UnescapeString(part("text"))
		}
	}
	return v
}

// Those who follow the events see what those see who load the page.
func TestEventCarriesWhatThePageShows(t *testing.T) {
	hostile := throttledStatus()
	hostile.Summary, hostile.State = `<b>&amp;"'`+"\x00\xff", "newer"
	hostile.Routes[1].Reason, hostile.Problems[0].Detail = "</td>", "{{.}}"
	for name, s := range map[string]Status{
		"throttled": throttledStatus(), "hostile": hostile, "empty": {}, "idle": {State: Idle},
	} {
		event, page := sent(t, s), rendered(t, s)
		compareRows(t, name, event.row, page.row)
		if event.Icon != page.Icon || len(event.Lists) != len(page.Lists) {
			t.Errorf("%s: icon %s and %d lists in the event, %s and %d in the page", name, event.Icon,
				len(event.Lists), page.Icon, len(page.Lists))
		}
		for list, rows := range event.Lists {
			if len(rows) != len(page.Lists[list]) {
				t.Fatalf("%s: %d %s in the event, %d in the page", name, len(rows), list, len(page.Lists[list]))
			}
			for i := range rows {
				compareRows(t, name+" "+list, rows[i], page.Lists[list][i])
			}
		}
	}
}

func compareRows(t *testing.T, name string, event, page row) {
	t.Helper()
	if event.Tone != page.Tone || !maps.Equal(event.Texts, page.Texts) {
		t.Errorf("%s: the event says\n%s %q\nthe page shows\n%s %q", name, event.Tone, event.Texts, page.Tone,
			page.Texts)
	}
}
