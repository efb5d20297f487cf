package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"momento-bridge/config"
	"momento-bridge/daemon"
	"momento-bridge/testbed"
)

func newRegions() *cobra.Command {
	return &cobra.Command{
		Use:   "regions",
		Short: "List Momento's regions and their cell hosts",
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, r := range daemon.Regions() {
				fmt.Fprintf(cmd.OutOrStdout(), "%-16s %s\n", r.Name, r.Cell)
			}
			return nil
		},
	}
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		RunE: func(cmd *cobra.Command, _ []string) error {
			kind := ""
			if !testbed.HasNATS {
				kind = " slim"
			}
			fmt.Fprintf(cmd.OutOrStdout(), "momento-bridge %s %s %s/%s%s\n", build, runtime.Version(), runtime.GOOS,
				runtime.GOARCH, kind)
			return nil
		},
	}
}

func newConfig() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print an example configuration, its schema, or what each key means",
		Args:  noSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SuggestionsMinimumDistance = 2
	cmd.AddCommand(
		&cobra.Command{
			Use:     "example",
			Short:   "Print an annotated example file",
			Example: "  momento-bridge config example > config.yaml",
			Args:    usageArgs(nil),
			RunE: func(cmd *cobra.Command, _ []string) error {
				_, err := fmt.Fprint(cmd.OutOrStdout(), config.Example())
				return err
			},
		},
		&cobra.Command{
			Use:   "schema",
			Short: "Print the JSON Schema of the file, for editors",
			Args:  usageArgs(nil),
			RunE: func(cmd *cobra.Command, _ []string) error {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), string(config.Schema(regionNames())))
				return err
			},
		},
		&cobra.Command{
			Use:   "reference",
			Short: "Print what each key of the file means, as Markdown",
			Args:  usageArgs(nil),
			RunE: func(cmd *cobra.Command, _ []string) error {
				_, err := fmt.Fprint(cmd.OutOrStdout(), config.Reference())
				return err
			},
		},
	)
	return cmd
}

// regionNames are the names of Momento's regions.
func regionNames() []string {
	var names []string
	for _, r := range daemon.Regions() {
		names = append(names, r.Name)
	}
	return names
}
