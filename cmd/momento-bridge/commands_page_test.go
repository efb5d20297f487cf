//go:build !slim

package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// docs/commands.md is made of what the commands say of themselves, so that each command and each flag is on it:
// go test ./cmd/momento-bridge -run CommandsPage -update.
func TestCommandsPageSaysWhatHelpSays(t *testing.T) {
	const file = "../../docs/commands.md"
	want := commandsPage()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("docs/commands.md is not what the commands say (%v): go test ./cmd/momento-bridge -run CommandsPage "+
			"-update", err)
	}
}

func commandsPage() string {
	var page strings.Builder
	page.WriteString(`# Commands

Each command with its flags, as ` + "`momento-bridge help`" + ` has them. A test makes this page of the program.
[configuration.md](configuration.md) has the keys of the file, which say the same as most flags of
` + "`run`" + `.

| command | does |
| --- | --- |
`)
	root := newRoot()
	root.InitDefaultCompletionCmd()
	all := leaves(root)
	for _, cmd := range all {
		anchor := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		fmt.Fprintf(&page, "| [`%s`](#%s) | %s |\n", cmd.CommandPath(), anchor, cell(cmd.Short))
	}
	page.WriteString("\nEvery command has `--help`, and `momento-bridge` alone has `--version`.\n")
	for _, cmd := range all {
		describe(&page, cmd)
	}
	return page.String()
}

// leaves returns the commands that do something, in the order of their names.
func leaves(cmd *cobra.Command) (all []*cobra.Command) {
	for _, sub := range cmd.Commands() {
		switch {
		case sub.Name() == "help" || sub.Hidden:
		case sub.HasAvailableSubCommands():
			all = append(all, leaves(sub)...)
		default:
			all = append(all, sub)
		}
	}
	slices.SortFunc(all, func(a, b *cobra.Command) int { return cmp.Compare(a.CommandPath(), b.CommandPath()) })
	return all
}

func describe(page *strings.Builder, cmd *cobra.Command) {
	fmt.Fprintf(page, "\n## %s\n\n", cmd.CommandPath())
	text := cmd.Long
	if text == "" || cmd.Parent().Name() == "completion" { // What cobra says of shells has a layout for terminals.
		text = cmd.Short + "."
	}
	page.WriteString(strings.TrimSpace(text) + "\n\nUsage: `" + cmd.UseLine() + "`\n")
	if cmd.Example != "" {
		page.WriteString("\n<!-- snippet: apart -->\n```sh\n")
		for line := range strings.Lines(strings.TrimRight(cmd.Example, "\n") + "\n") {
			page.WriteString(strings.TrimPrefix(line, "  "))
		}
		page.WriteString("```\n")
	}
	table := "\n| flag | default | |\n| --- | --- | --- |\n"
	flags := 0
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		flags++
		kind, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		table += fmt.Sprintf("| `%s` | %s | %s |\n", strings.TrimSpace(name+" "+cell(kind)), initial(f), cell(usage))
	})
	if flags > 0 {
		page.WriteString(table)
	}
}

// initial is the default that help shows; empty where that is nothing to speak of.
func initial(f *pflag.Flag) string {
	if slices.Contains([]string{"", "false", "[]", "0", "0s"}, f.DefValue) {
		return ""
	}
	return "`" + cell(strings.Trim(f.DefValue, "[]")) + "`"
}

// cell is text that may stand in a table, in one line.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`, "\n", " ").Replace(strings.Join(strings.Fields(text), " "))
}
