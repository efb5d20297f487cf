package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// file is one of an archive or a package.
type file struct {
	mode         fs.FileMode
	owner, group string
	time         time.Time
	data         []byte
}

// untar reads a tar.gz. Names have neither ./ at their beginning nor / at their end.
func untar(t *testing.T, data []byte) map[string]file {
	t.Helper()
	stream, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]file{}
	for reader := tar.NewReader(stream); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		files[path.Clean(header.Name)] = file{
			mode: header.FileInfo().Mode(), owner: header.Uname, group: header.Gname,
			time: header.ModTime.UTC(), data: content,
		}
	}
}

// unzipped are the archives that have been read, by name. It takes longest.
var unzipped = map[string]map[string]file{}

// archive returns the files of an archive of the release, whose folder they are all in.
func archive(t *testing.T, name string) map[string]file {
	t.Helper()
	if files, done := unzipped[name]; done {
		return files
	}
	files := map[string]file{}
	for path, f := range untar(t, read(t, filepath.Join(made, name+".tar.gz"))) {
		rest, found := strings.CutPrefix(path, name+"/")
		if !found {
			t.Errorf("%s: %s is not in its folder", name, path)
		}
		files[rest] = f
	}
	unzipped[name] = files
	return files
}
