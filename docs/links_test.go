package docs

import (
	"io/fs"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
)

var (
	fenced  = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	span    = regexp.MustCompile("`+[^`\n]+`+")
	link    = regexp.MustCompile(`\]\(<?([^)\s>]+)|(?m:^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+))|(?:href|src)="([^"]+)"`)
	heading = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
	named   = regexp.MustCompile(`<a id="([a-z0-9-]+)"></a>`) // Where a heading was.
	inText  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// Links lead somewhere on GitHub and on the site. Those to other hosts are looked at, and not followed.
func TestLinksLeadToFilesAndHeadings(t *testing.T) {
	root := os.DirFS("..")
	seen := 0
	for _, file := range markdown(t, root) {
		for _, target := range linksOf(t, root, file) {
			seen++
			if strings.Contains(target, "://") {
				if why := outward(target); why != "" {
					t.Errorf("%s links to %s: %s", file, target, why)
				}
				continue
			}
			name, anchor, _ := strings.Cut(target, "#")
			to := file
			if name != "" {
				to = path.Join(path.Dir(file), name)
			}
			if _, err := fs.Stat(root, to); err != nil {
				t.Errorf("%s links to %s, which does not exist", file, target)
			} else if anchor != "" && !slices.Contains(anchors(t, root, to), anchor) {
				t.Errorf("%s links to %s: GitHub and the site have no such heading", file, target)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d links were found", seen)
	}
}

// What programs, alerts and configurations print must be findable, too.
func TestSourcesNamePagesThatExist(t *testing.T) {
	root := os.DirFS("..")
	mention := regexp.MustCompile(`docs/([a-z0-9-]+\.md)(?:#([a-z0-9-]+))?`)
	seen := 0
	err := fs.WalkDir(root, ".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(unread, entry.Name()):
			return fs.SkipDir
		case !slices.Contains([]string{".go", ".yaml", ".yml", ".json", ".service", ".html"}, path.Ext(file)):
			return nil
		}
		text, err := fs.ReadFile(root, file)
		for _, found := range mention.FindAllStringSubmatch(string(text), -1) {
			seen++
			if _, err := os.Stat(found[1]); err != nil {
				t.Errorf("%s names docs/%s, which does not exist", file, found[1])
			} else if found[2] != "" && !slices.Contains(anchors(t, root, "docs/"+found[1]), found[2]) {
				t.Errorf("%s names docs/%s#%s: there is no such heading", file, found[1], found[2])
			}
		}
		return err
	})
	if err != nil || seen < 30 {
		t.Errorf("%d pages are named: %v", seen, err)
	}
}

// linksOf returns what the Markdown of a file links to, code left out.
func linksOf(t *testing.T, root fs.FS, file string) (targets []string) {
	t.Helper()
	text, err := fs.ReadFile(root, file)
	if err != nil {
		t.Fatal(err)
	}
	prose := span.ReplaceAllString(fenced.ReplaceAllString(string(text), ""), "code")
	for _, found := range link.FindAllStringSubmatch(prose, -1) {
		targets = append(targets, found[1]+found[2]+found[3])
	}
	return targets
}

func TestLinksOfEachFormAreSeen(t *testing.T) {
	const text = `[a](a.md), [b](b.md "b"), ![c](c.png), [d](<d.md>), [e][ref], <a href="f.md">f</a>, ` + "`[g](g.md)`" + `

[ref]: e.md "e"
`
	got := linksOf(t, fstest.MapFS{"page.md": {Data: []byte(text)}}, "page.md")
	if want := []string{"a.md", "b.md", "c.png", "d.md", "f.md", "e.md"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// outward says what is wrong with a link to another host; empty: nothing.
func outward(target string) string {
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return err.Error()
	case u.Scheme != "https":
		return "not https"
	case !strings.Contains(u.Hostname(), ".") || u.User != nil || u.Port() != "":
		return "not the name of a public host"
	}
	return ""
}

// anchors returns the headings of a page that GitHub and Python's Markdown give the same name, and other anchors.
func anchors(t *testing.T, root fs.FS, file string) (both []string) {
	t.Helper()
	text, err := fs.ReadFile(root, file)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range named.FindAllSubmatch(text, -1) {
		both = append(both, string(found[1]))
	}
	github, python := map[string]bool{}, map[string]bool{}
	for _, found := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
		plain := strings.ReplaceAll(inText.ReplaceAllString(found[1], "$1"), "`", "")
		g, p := asGitHub(plain), asPython(plain)
		if github[g] || python[p] { // A second one gets a number, and each counts in its own way.
			continue
		}
		github[g], python[p] = true, true
		if g == p {
			both = append(both, g)
		}
	}
	return both
}

func asGitHub(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.In(r, unicode.L, unicode.N, unicode.M) || r == '_' || r == '-':
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

func asPython(title string) string {
	ascii := strings.Map(func(r rune) rune {
		if r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '-' || r == ' ') {
			return unicode.ToLower(r)
		}
		return -1
	}, title)
	return regexp.MustCompile(`[-\s]+`).ReplaceAllString(strings.TrimSpace(ascii), "-")
}
