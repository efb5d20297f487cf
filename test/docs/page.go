package docs

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Page is one document.
type Page struct {
	Name   string // Its path in the repository.
	Text   string
	Blocks []Block
	Apart  bool // It is a block of a page, by itself.
}

// Split takes out the blocks that stand apart, each as a page of its own.
func (p *Page) Split() []Page {
	rest, all := Page{Name: p.Name, Text: p.Text}, []Page{}
	for _, b := range p.Blocks {
		if b.Words.Apart {
			all = append(all, Page{Name: b.At(), Text: b.Text, Blocks: []Block{b}, Apart: true})
		} else {
			rest.Blocks = append(rest.Blocks, b)
		}
	}
	return append(all, rest)
}

// Block is a fenced block of a page.
type Block struct {
	Page     string
	Line     int    // Of the fence, from 1.
	Language string // Empty: none is given.
	Words    Words
	Text     string // Without the indentation of its fence.
}

// Words is what the comment before a block says.
type Words struct {
	File    string // file=NAME
	In      string // in=KEY
	With    string // with NAME TYPE, ...
	NotRun  string // not run: WHY
	Status  int    // status=N; -1 is not said.
	Numbers bool
	Values  bool
	Apart   bool
}

// At is where a block stands, for messages.
func (b *Block) At() string { return b.Page + ":" + strconv.Itoa(b.Line) }

// unread are directories without documents of ours.
var unread = []string{"testdata", ".git", "node_modules", "test", "bin"}

// ReadPages returns the documents whose blocks are run.
func ReadPages(root fs.FS) (pages []Page, wrong error) {
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(unread, entry.Name()):
			return fs.SkipDir
		case path.Ext(name) != ".md":
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return fmt.Errorf("read a page: %w", err)
		}
		page, err := ParsePage(name, string(text))
		if err != nil {
			wrong = errors.Join(wrong, err)
			return nil
		}
		pages = append(pages, page)
		return nil
	})
	return pages, errors.Join(wrong, err)
}

// fence returns the indentation, the marks and what follows them of a line that opens or closes a block.
func fence(line string) (indent, marks, info string, ok bool) {
	rest := strings.TrimLeft(line, " ")
	indent = line[:len(line)-len(rest)]
	marks = rest[:len(rest)-len(strings.TrimLeft(rest, "`"))]
	if len(marks) < 3 {
		return "", "", "", false
	}
	return indent, marks, strings.TrimSpace(rest[len(marks):]), true
}

// ParsePage finds a page's blocks. What it cannot take is an error: a block without an end, one that is indented
// instead of fenced, words in a comment that mean nothing.
func ParsePage(name, text string) (Page, error) {
	page := Page{Name: name, Text: text}
	var before [2]string // The two lines before, of which the nearer may be empty.
	var open *Block
	var opened, indent string
	for n, line := range strings.Split(text, "\n") {
		in, marks, info, isFence := fence(line)
		switch {
		case open != nil && isFence && info == "" && len(marks) >= len(opened):
			page.Blocks = append(page.Blocks, *open)
			open = nil
		case open != nil:
			open.Text += strings.TrimPrefix(line, indent) + "\n"
		case isFence:
			words, err := wordsBefore(before)
			if err != nil {
				return page, fmt.Errorf("%s:%d: %w", name, n+1, err)
			}
			open, opened, indent = &Block{Page: name, Line: n + 1, Language: info, Words: words}, marks, in
		case strings.HasPrefix(strings.TrimLeft(line, " "), "~~~"):
			return page, fmt.Errorf("%s:%d: a fence of ~~~: use ```", name, n+1)
		case strings.HasPrefix(line, "    ") && strings.TrimSpace(before[1]) == "" && strings.TrimSpace(line) != "":
			return page, fmt.Errorf("%s:%d: code by indentation: use a fence with a language", name, n+1)
		}
		before = [2]string{before[1], line}
	}
	if open != nil {
		return page, fmt.Errorf("%s has no end", open.At())
	}
	return page, nil
}

func wordsBefore(lines [2]string) (Words, error) {
	comment := lines[1]
	if strings.TrimSpace(comment) == "" {
		comment = lines[0]
	}
	said, ok := strings.CutPrefix(strings.TrimSpace(comment), "<!-- snippet:")
	if !ok {
		return Words{Status: -1}, nil
	}
	return parseWords(strings.TrimSpace(strings.TrimSuffix(said, "-->")))
}

func parseWords(said string) (Words, error) {
	w := Words{Status: -1}
	for said != "" {
		if why, ok := strings.CutPrefix(said, "not run:"); ok {
			w.NotRun = strings.TrimSpace(why)
			if w.NotRun == "" {
				return w, errors.New("a block that is not run needs a reason: not run: WHY")
			}
			return w, nil
		}
		if with, ok := strings.CutPrefix(said, "with "); ok {
			w.With = with
			return w, nil
		}
		var word string
		word, said, _ = strings.Cut(said, " ")
		said = strings.TrimSpace(said)
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "file":
			w.File = value
		case "in":
			w.In = value
		case "numbers":
			w.Numbers = true
		case "values":
			w.Values = true
		case "apart":
			w.Apart = true
		case "status":
			status, err := strconv.Atoi(value)
			if err != nil {
				return w, fmt.Errorf("status=%s is no number", value)
			}
			w.Status = status
		default:
			return w, fmt.Errorf("a snippet's comment does not know %q: see test/docs/doc.go", word)
		}
	}
	return w, nil
}
