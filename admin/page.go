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
	"time"
)

//go:embed page
var pageFiles embed.FS

var (
	pageVersion  = versionOf(pageFiles)
	pageTemplate = template.Must(template.ParseFS(pageFiles, "page/page.html"))
)

// assetTypes are the files that browsers ask for, with their types.
var assetTypes = map[string]string{
	"page.css": "text/css; charset=utf-8", "uPlot.min.css": "text/css; charset=utf-8",
	"page.js": "text/javascript; charset=utf-8", "charts.js": "text/javascript; charset=utf-8",
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
	status := c.Status()
	text, err := renderPage(&status)
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
func renderPage(s *Status) ([]byte, error) {
	var text bytes.Buffer
	err := pageTemplate.Execute(&text, page{view: viewOf(s), Now: s.Now, Assets: "/assets/" + pageVersion})
	if err != nil {
		return nil, fmt.Errorf("render the status page: %w", err)
	}
	return text.Bytes(), nil
}

// page is what the template sees.
type page struct {
	view
	Now    time.Time
	Assets string // The path of the files.
}

// Blank returns a row of that list that the script copies when the list grows.
func (page) Blank(list string) row { return blankRows[list] }
