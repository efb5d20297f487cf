package main

import (
	"maps"
	"strings"

	"github.com/spf13/cobra"

	"momento-bridge/config"
	"momento-bridge/emulator"
	"momento-bridge/loadtest"
)

// completions are the values of flags that a shell may offer, by command and flag. What flags have in common with keys
// of the file comes from the table of keys.
func completions() map[string]map[string][]string {
	settings := map[string][]string{"region": regionNames(), "rate": {"auto", "unlimited"}}
	for name, path := range map[string]string{
		"ordering": "routes[].ordering", "batch": "routes[].batch.format", "log-level": "log.level",
		"log-format": "log.format",
	} {
		settings[name] = wordsOf(path)
	}
	output := map[string][]string{"format": {formatText, formatJSON}}
	target := map[string][]string{"region": regionNames(), "format": output["format"]}
	with := func(others map[string][]string, name string, values ...string) map[string][]string {
		all := map[string][]string{name: values}
		maps.Copy(all, others)
		return all
	}
	return map[string]map[string][]string{
		"run": settings, "check": settings, "replay": settings,
		"demo": {
			"batch": settings["batch"], "log-level": settings["log-level"], "log-format": settings["log-format"],
		},
		"emulator":         {"limiter": emulator.Limiters, "unit": wordsOf("limits.unit")},
		"loadtest find":    with(with(target, "effort", loadtest.Efforts...), "dimensions", loadtest.Dimensions...),
		"loadtest rate":    with(with(target, "arrivals", "even", "poisson", "burst:10"), "via", "nats"),
		"loadtest compare": output,
	}
}

// wordsOf are the words that the key at a path may be.
func wordsOf(path string) []string {
	for _, k := range config.Keys() {
		if k.Path == path {
			return k.Words
		}
	}
	panic("no key " + path) // The paths are in this program.
}

// addCompletions tells the shells what flags and arguments may be. Flags with files complete files.
func addCompletions(root *cobra.Command) {
	for path, flags := range completions() {
		cmd, _, err := root.Find(strings.Fields(path))
		if err != nil {
			panic(err)
		}
		if cmd.DisableFlagParsing {
			continue // It is not in this build.
		}
		for name, values := range flags {
			if err := cmd.RegisterFlagCompletionFunc(name, offer(values)); err != nil {
				panic(err)
			}
		}
	}
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "replay":
			if err := cmd.RegisterFlagCompletionFunc("route", offerRoutes); err != nil {
				panic(err)
			}
		case "pause", "resume":
			cmd.ValidArgsFunction = offerRoutes
		}
	}
}

// offer completes with values, of which none is a file.
func offer(values []string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values, cobra.ShellCompDirectiveNoFileComp
	}
}

// offerRoutes completes with the routes of the file that --config names.
func offerRoutes(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	file, err := cmd.Flags().GetString("config")
	if err != nil || file == "" || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	text, err := readConfiguration(file)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, r := range config.Read(file, text).Routes {
		if r.Name != "" {
			names = append(names, r.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
