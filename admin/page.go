package admin

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"time"
)

//go:embed page
var pageFiles embed.FS

var (
	pageVersion  = versionOf(pageFiles)
	pageTemplate = template.Must(
		template.New("page.html").Funcs(template.FuncMap{"tone": tone, "words": words}).ParseFS(pageFiles,
			"page/page.html"))
)

// assetTypes are the files that browsers ask for, with their types.
var assetTypes = map[string]string{
	"page.css": "text/css; charset=utf-8", "uPlot.min.css": "text/css; charset=utf-8",
	"page.js": "text/javascript; charset=utf-8", "format.js": "text/javascript; charset=utf-8",
	"charts.js":         "text/javascript; charset=utf-8",
	"uPlot.iife.min.js": "text/javascript; charset=utf-8",
	"good.svg":          "image/svg+xml", "warn.svg": "image/svg+xml", "bad.svg": "image/svg+xml",
}

// versionOf is the same for the same files. It is part of their addresses, so that browsers may keep them for ever.
func versionOf(files fs.FS) string {
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	if err != nil {
		panic(fmt.Sprintf("admin: read the embedded files: %v", err)) // They are in the program.
	}
	return hex.EncodeToString(sum.Sum(nil)[:6])
}

// servePage answers with the status as a page.
func (c *Config) servePage(w http.ResponseWriter, _ *http.Request) {
	text, err := renderPage(c.Status())
	if err != nil {
		answer(w, http.StatusInternalServerError, "the page cannot be written")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(text)
}

// serveAsset answers with a file of the page in the version that this program has.
func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	kind, known := assetTypes[name]
	text, err := pageFiles.ReadFile("page/" + name)
	if !known || err != nil || r.PathValue("version") != pageVersion {
		answer(w, http.StatusNotFound, "404 page not found")
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(text)
}

// renderPage writes the page with all values in it.
func renderPage(s Status) ([]byte, error) {
	var text bytes.Buffer
	if err := pageTemplate.Execute(&text, page{Status: s, Assets: "/assets/" + pageVersion}); err != nil {
		return nil, fmt.Errorf("render the status page: %w", err)
	}
	return text.Bytes(), nil
}

// page is what the template sees.
type page struct {
	Status
	Assets string // The path of the files.
}

// shown is a value of the status, with what the script needs to show later ones: where it is in the status, or in the
// row's part of it, and its format.
type shown struct {
	Path, Format, Text string
	Label              string // Of the column.
}

// Zero says that there is nothing to look at.
func (s shown) Zero() bool { return s.Text == "0" }

// Show formats a value.
func (p page) Show(path, format string, v any) (shown, error) { return show(path, format, v, p.Now) }

// Row returns what the template of a table's row sees.
func (p page) Row(item any) row { return row{Item: item, now: p.Now} }

// RegionQuota is the region's, or none.
func (p page) RegionQuota() Quota {
	if len(p.Quotas) == 0 {
		return Quota{}
	}
	return p.Quotas[0]
}

// The Blank ones are for rows that the script adds.

// BlankQuota is a quota without anything.
func (page) BlankQuota() Quota { return Quota{} }

// BlankRoute is a route without anything.
func (page) BlankRoute() Route { return Route{} }

// BlankProblem is a problem without anything.
func (page) BlankProblem() Problem { return Problem{} }

type row struct {
	Item any
	now  time.Time
}

// Show formats a value of the row.
func (r row) Show(path, format string, v any) (shown, error) { return show(path, format, v, r.now) }

// Cell formats a value of the row for the column with that label.
func (r row) Cell(label, path, format string, v any) (shown, error) {
	s, err := show(path, format, v, r.now)
	s.Label = label
	return s, err
}

func show(path, format string, v any, now time.Time) (shown, error) {
	write, ok := formats[format]
	if !ok {
		return shown{}, fmt.Errorf("%s: there is no format %q", path, format)
	}
	return shown{Path: path, Format: format, Text: strings.ToValidUTF8(write(v, now), "\uFFFD")}, nil
}
