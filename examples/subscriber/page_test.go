package subscriber

import (
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the decoder and the hashes of the policy into index.html")

var (
	decoderPart = regexp.MustCompile(`(?s)(// <decoder>[^\n]*\n).*?(// </decoder>\n)`)
	scriptPart  = regexp.MustCompile(`(?s)<script type="module">(.*?)</script>`)
	stylePart   = regexp.MustCompile(`(?s)<style>(.*?)</style>`)
)

// generated returns the page as it must be: with this decoder, and with the hashes of what is inline.
func generated(t *testing.T, page, decoder string) string {
	t.Helper()
	page = replaced(t, page, decoderPart, "${1}"+strings.ReplaceAll(decoder, "$", "$$")+"${2}")
	for name, part := range map[string]*regexp.Regexp{"script-src": scriptPart, "style-src": stylePart} {
		inline := part.FindStringSubmatch(page)
		if inline == nil {
			t.Fatalf("index.html has no part for %s", name)
		}
		sum := sha256.Sum256([]byte(inline[1]))
		page = replaced(t, page, regexp.MustCompile(name+` '[^']*'`),
			name+" 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	return page
}

func replaced(t *testing.T, text string, part *regexp.Regexp, by string) string {
	t.Helper()
	if n := len(part.FindAllString(text, -1)); n != 1 {
		t.Fatalf("index.html has %d parts like %s, want 1", n, part)
	}
	return part.ReplaceAllString(text, by)
}

func TestPageHasTheDecoderAsItIsAndAPolicyThatFits(t *testing.T) {
	t.Parallel()
	decoder, err := os.ReadFile("../../batch/js/momento-batch.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(decoder), "</script") {
		t.Fatal("the decoder would end the page's script")
	}
	want := generated(t, string(Page), string(decoder))
	if want == string(Page) {
		return
	}
	if !*update {
		t.Fatal("index.html is not what it is made of: run go test ./examples/subscriber -update")
	}
	if err := os.WriteFile("index.html", []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// What is written as markup could be a payload's.
func TestPageWritesPayloadsAsTextAlone(t *testing.T) {
	t.Parallel()
	script := scriptPart.FindStringSubmatch(string(Page))[1]
	markup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function`)
	if found := markup.FindAllString(script, -1); len(found) > 0 {
		t.Errorf("the script uses %q", found)
	}
	attribute := regexp.MustCompile(`<[^>]+ (on\w+|style)=`)
	if found := attribute.FindAllString(stylePart.ReplaceAllString(scriptPart.ReplaceAllString(string(Page), ""), ""),
		-1); len(found) > 0 {
		t.Errorf("the policy forbids %q", found)
	}
}

// The page is one file: nothing is loaded from elsewhere, unless its user says so.
func TestPageLoadsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	for _, found := range regexp.MustCompile(`(?:src|href)=(?:"[^"]*"|[^ >]*)`).FindAllString(string(Page), -1) {
		if !strings.HasPrefix(found, `href="data:`) {
			t.Errorf("the page refers to %s", found)
		}
	}
}
