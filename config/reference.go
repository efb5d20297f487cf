package config

import (
	"fmt"
	"strings"
)

//go:generate sh -c "go run ../cmd/momento-bridge config reference > ../docs/configuration.md"

const referenceBegin = `# Configuration

Each key of the file, made of the program's own table by ` + "`go generate ./config`" + `; ` +
	"`momento-bridge config reference`" + `
prints it, too. ` + "`momento-bridge config example`" + ` prints a file with comments, ` +
	"`config schema`" + ` a JSON Schema for editors,
` + "`momento-bridge check -c FILE`" + ` every problem with its place. [operations.md](operations.md) says what the
settings do together.

A flag comes before the file, the file before the environment, that before the default. A key without a value keeps its
default. "Reload" is marked where SIGHUP puts a change in force; other keys need a restart.

`

const head = "| key | is | default | reload | |\n| --- | --- | --- | --- | --- |\n"

// Reference returns the table of keys as Markdown: docs/configuration.md.
func Reference() string {
	var b strings.Builder
	b.WriteString(referenceBegin)
	var order []string
	rows := map[string]string{}
	for _, k := range Keys() {
		at := k.section()
		if rows[at] == "" {
			order = append(order, at)
		}
		rows[at] += k.row()
	}
	for _, at := range order {
		if at != "" {
			b.WriteString("## " +
				"" + strings.ReplaceAll(at, "<", "&lt;") + "\n\n" + Sections()[at] + "\n\n" + head + rows[at] + "\n")
		}
	}
	b.WriteString("## The file itself\n\n" + head + rows[""])
	b.WriteString(variablesReference())
	b.WriteString(beyondReference())
	return b.String()
}

// section is the part of the path that does not name the key itself.
func (k *Key) section() string { return k.Path[:max(0, strings.LastIndexByte(k.Path, '.'))] }

// row is a line of a table in Markdown.
func (k *Key) row() string {
	value := "`" + k.Default + "`"
	switch {
	case k.Required:
		value = "required"
	case k.Default == "":
		value = ""
	}
	if k.Env != "" {
		value = strings.TrimPrefix(value+"; $"+k.Env, "; ")
	}
	reload := ""
	if k.Reloadable {
		reload = "yes"
	}
	cell := strings.NewReplacer("|", `\|`, "<", "&lt;", "{{", "`{{", "}}", "}}`").Replace
	return fmt.Sprintf("| `%s` | %s | %s | %s | %s |\n", k.Path[len(k.section()):][min(1, len(k.section())):], cell(k.is()),
		value, reload, cell(k.Text))
}

// is says what a value may be.
func (k *Key) is() string {
	switch k.Type {
	case "word":
		return strings.Join(k.Words, ", ")
	case "rate":
		return strings.Join(append([]string{"number of " + k.Unit}, k.Words...), ", ")
	case "start":
		return "all, new, a time, a sequence"
	}
	text := k.Type
	if k.Type == "whole number" && k.Unit != "" {
		text = "number of " + k.Unit
	}
	if allowed := Range(k); allowed != "" {
		text += ", " + allowed
	}
	if k.Type == "whole number" && k.Words != nil {
		text += ", or " + k.Words[0]
	}
	return text
}

func variablesReference() string {
	var b strings.Builder
	b.WriteString("\n## Variables\n\n")
	b.WriteString("The file has none: `${HOST}`, `${file:…}` and, where a path or an address is expected, `$HOME` are\n" +
		"refused, as they would be taken for names. Secrets stand in files of their own, which keys that end in `_file`\n" +
		"name; these keys have an environment variable instead:\n\n| key | variable |\n| --- | --- |\n")
	for _, k := range Keys() {
		if k.Env != "" {
			fmt.Fprintf(&b, "| `%s` | `%s` |\n", k.Path, k.Env)
		}
	}
	b.WriteString("\n`MOMENTO_API_KEY` has the key itself. Traces have variables of their own: " +
		"[tracing.md](tracing.md). For\nanything else fill the file in before the start, as " +
		"`envsubst < config.tmpl > config.yaml` does.\n")
	return b.String()
}

func beyondReference() string {
	var b strings.Builder
	b.WriteString("\n## What the schema cannot say\n\n" +
		"The JSON Schema accepts what the program accepts, but for these, which `check` finds:\n\n")
	for _, rule := range BeyondSchema() {
		fmt.Fprintf(&b, "- %s: %s.\n", rule.Name, strings.ReplaceAll(rule.Text, "${HOST}", "`${HOST}`"))
	}
	return b.String()
}
