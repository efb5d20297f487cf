package docs

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"momento-bridge/admin/schema"
)

// languages are the rules for blocks that are not typed, and of those that are typed but not run.
var languages = map[string]func(*Block) error{
	"sh": unrun, "console": unrun, "text": text,
	"yaml": checkYAML, "json": checkJSON, "conf": checkConf, "ini": checkUnit, "go": checkGo,
	"html": checkHTML, "xml": checkXML, "csv": checkCSV, "dockerfile": checkDockerfile, "diff": checkDiff,
	"js": elsewhere, "python": elsewhere, "toml": elsewhere, "promql": elsewhere,
}

// elsewhere is for what the long form reads with programs that a machine may lack.
func elsewhere(*Block) error { return nil }

// text refuses what belongs into sh or console.
func text(b *Block) error {
	for line := range strings.Lines(b.Text) {
		if regexp.MustCompile(`^\s*(\$ |momento-bridge |\./momento-bridge |curl |nats |kubectl |docker )`).MatchString(line) {
			return fmt.Errorf("a command in a block of text: %s", strings.TrimSpace(line))
		}
	}
	return nil
}

func checkJSON(b *Block) error {
	decoder := json.NewDecoder(strings.NewReader(b.Text))
	for {
		var value any
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("not JSON: %w", err)
		}
		object, ok := value.(map[string]any)
		if !ok {
			continue
		}
		if object["verdict"] != nil && object["routes"] != nil {
			if err := checkStatus(object); err != nil {
				return err
			}
		}
		if object["specversion"] != nil && (object["id"] == nil || object["source"] == nil || object["type"] == nil) {
			return errors.New("an event without id, source or type")
		}
	}
}

// checkStatus holds an answer of /api/v1/status to its schema.
func checkStatus(object any) error {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema.Status()))
	if err != nil {
		return fmt.Errorf("the schema: %w", err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("status.json", document); err != nil {
		return fmt.Errorf("the schema: %w", err)
	}
	compiled, err := c.Compile("status.json")
	if err != nil {
		return fmt.Errorf("the schema: %w", err)
	}
	if err := compiled.Validate(object); err != nil {
		return fmt.Errorf("not as the status: %w", err)
	}
	return nil
}

// checkConf has nats-server read its configuration.
func checkConf(b *Block) error {
	file, err := os.CreateTemp("", "docs-*.conf")
	if err != nil {
		return fmt.Errorf("write a file: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }()
	_, err = file.WriteString(b.Text)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write a file: %w", err)
	}
	if _, err = server.ProcessConfigFile(file.Name()); err != nil {
		return fmt.Errorf("nats-server does not take it: %w", err)
	}
	return nil
}

var sections = regexp.MustCompile(`^\[(Unit|Service|Install|Socket|Timer)\]$`)

// checkUnit looks at the form of a systemd unit. The long form has systemd-analyze verify it.
func checkUnit(b *Block) error {
	section := false
	for line := range strings.Lines(b.Text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";"):
		case sections.MatchString(line):
			section = true
		case !section:
			return fmt.Errorf("before any section of a unit: %s", line)
		case !regexp.MustCompile(`^[A-Z][A-Za-z]+=`).MatchString(line):
			return fmt.Errorf("no setting of a unit: %s", line)
		}
	}
	if !section {
		return errors.New("a unit without a section")
	}
	return nil
}

func checkHTML(b *Block) error {
	d := xml.NewDecoder(strings.NewReader(b.Text))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	return tokens(d)
}

func checkXML(b *Block) error { return tokens(xml.NewDecoder(strings.NewReader(b.Text))) }

func tokens(d *xml.Decoder) error {
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("marks: %w", err)
		}
	}
}

func checkCSV(b *Block) error {
	if _, err := csv.NewReader(strings.NewReader(b.Text)).ReadAll(); err != nil {
		return fmt.Errorf("not CSV: %w", err)
	}
	return nil
}

func checkDockerfile(b *Block) error {
	more := false
	for line := range strings.Lines(b.Text) {
		line = strings.TrimSpace(line)
		if !more && line != "" && !strings.HasPrefix(line, "#") &&
			!regexp.MustCompile(`^(ARG|FROM|RUN|COPY|ADD|ENV|LABEL|USER|`+
				`WORKDIR|ENTRYPOINT|CMD|EXPOSE|VOLUME|HEALTHCHECK|STOPSIGNAL|SHELL) `).MatchString(line) {
			return fmt.Errorf("no instruction: %s", line)
		}
		more = strings.HasSuffix(line, `\`)
	}
	return nil
}

// checkDiff wants the lines that a patch knows of to be in the file.
func checkDiff(b *Block) error {
	var file []byte
	for line := range strings.Lines(b.Text) {
		line = strings.TrimRight(line, "\n")
		name, isName := strings.CutPrefix(line, "--- ")
		var err error
		switch {
		case isName:
			if file, err = os.ReadFile("../../" + strings.TrimPrefix(name, "a/")); err != nil {
				return fmt.Errorf("the file of the patch: %w", err)
			}
		case line == "" || strings.HasPrefix(line, "+") || strings.HasPrefix(line, "@@"):
		case !strings.Contains(string(file), line[1:]):
			return fmt.Errorf("the file does not have %q", line[1:])
		}
	}
	return nil
}
