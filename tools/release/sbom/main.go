// Command sbom writes the bill of materials of a Go program that is in an archive, as CycloneDX in JSON:
//
//	sbom ARCHIVE.tar.gz DOCUMENT.json
//
// It lists what the program says of itself, as `go version -m` shows it: its modules, and Go's standard library. The
// same program makes the same document.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
)

// program is the name of the file to look at, in whatever folder of the archive.
const program = "momento-bridge"

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: sbom ARCHIVE.tar.gz DOCUMENT.json")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(archive, document string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	code, err := find(file)
	if err != nil {
		return fmt.Errorf("%s: %w", archive, err)
	}
	info, err := buildinfo.Read(bytes.NewReader(code))
	if err != nil {
		return fmt.Errorf("%s: %w", archive, err)
	}
	text, err := json.MarshalIndent(billOf(info, code), "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(document, append(text, '\n'), 0o644)
}

// find returns the program of an archive.
func find(archive io.Reader) ([]byte, error) {
	unzipped, err := gzip.NewReader(archive)
	if err != nil {
		return nil, err
	}
	for files := tar.NewReader(unzipped); ; {
		header, err := files.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, errors.New("no " + program + " in it")
		case err != nil:
			return nil, err
		case header.Typeflag == tar.TypeReg && path.Base(header.Name) == program:
			return io.ReadAll(files)
		}
	}
}
