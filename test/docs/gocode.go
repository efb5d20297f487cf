package docs

import (
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// packagesOf are the packages that statements mean by a name.
var packagesOf = map[string]string{
	"batch": "momento-bridge/batch", "envelope": "momento-bridge/envelope", "daemon": "momento-bridge/daemon",
	"config": "momento-bridge/config", "emulator": "momento-bridge/emulator",
	"json": "encoding/json", "fmt": "fmt", "os": "os",
	"context": "context", "http": "net/http", "time": "time", "nats": "github.com/nats-io/nats.go",
	"jetstream": "github.com/nats-io/nats.go/jetstream", "slog": "log/slog", "errors": "errors", "strings": "strings",
	"event": "github.com/cloudevents/sdk-go/v2/event",
}

// otherModule has packages that the program does not depend on: the long form reads what uses them.
var otherModule = map[string]string{"github.com/cloudevents/": "../../test/cloudevents"}

// checkGo compiles a file, or statements with the packages that they name and the variables that the page gives them.
// Variables that are declared and not used are fine there.
func checkGo(b *Block) error {
	file := b.Text
	if !regexp.MustCompile(`(?m)^package `).MatchString(file) {
		file = wrap(b)
	}
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, "snippet.go", file, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("not Go: %w", err)
	}
	module := "../.."
	for _, spec := range parsed.Imports {
		for prefix, dir := range otherModule {
			if strings.HasPrefix(strings.Trim(spec.Path.Value, `"`), prefix) {
				if os.Getenv("DOCS_ALL") == "" {
					return nil
				}
				module = dir
			}
		}
	}
	exports, err := exported(module, parsed.Imports)
	if err != nil {
		return err
	}
	var wrong []error
	cfg := types.Config{
		Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
			return os.Open(exports[path])
		}),
		Error: func(err error) {
			if !strings.Contains(err.Error(), "declared and not used") {
				wrong = append(wrong, err)
			}
		},
	}
	_, _ = cfg.Check("snippet", fset, []*ast.File{parsed}, nil)
	return errors.Join(wrong...)
}

// wrap makes a file of statements.
func wrap(b *Block) string {
	var imports strings.Builder
	for name, path := range packagesOf {
		if regexp.MustCompile(`(^|[^\w."])` + name + `\.[A-Z]`).MatchString(b.Text + b.Words.With) {
			fmt.Fprintf(&imports, "import %s %q\n", name, path)
		}
	}
	return "package snippet\n" + imports.String() + "func _(" + b.Words.With + ") {\n" + b.Text + "}\n"
}

// exported returns the files with what packages export, by import path.
func exported(dir string, specs []*ast.ImportSpec) (map[string]string, error) {
	args := []string{"list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}"}
	for _, spec := range specs {
		args = append(args, strings.Trim(spec.Path.Value, `"`))
	}
	list := exec.Command("go", args...)
	list.Dir = dir
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list packages: %w", err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[path] = file
	}
	return files, nil
}
